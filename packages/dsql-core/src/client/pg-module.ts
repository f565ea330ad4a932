import pg, { type Client as PgClient, type Pool as PgPool, type Query as PgQuery } from "pg";
import { DsqlConfigError } from "../errors.ts";

// pg before 8.15 has no `Result`, and no named exports either: importing one would throw a SyntaxError.
if (pg.Result === undefined)
  throw new DsqlConfigError(
    "dsql-core needs pg 8.16 or later, and an older one is installed: npm install pg@8",
  );

export const Client: typeof PgClient = pg.Client;
export type Client = PgClient;
export const Pool: typeof PgPool = pg.Pool;
export type Pool = PgPool;
export const Query: typeof PgQuery = pg.Query;
