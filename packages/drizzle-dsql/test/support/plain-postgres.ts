import { dirname } from "node:path";
import pg from "pg";
import { SUPERUSER } from "../../../dsql-local/src/postgres/data-directory.ts";
import { startDatabase } from "../../../dsql-local/src/postgres/database.ts";

/** A PostgreSQL as it is, for results to be compared with. */
export interface PlainPostgres {
  client: pg.Client;
  stop(): Promise<void>;
}

export async function startPlainPostgres(): Promise<PlainPostgres> {
  const server = await startDatabase({ maxConnections: 20, setupSql: [] });
  const { address } = server;
  const connection =
    "path" in address
      ? { host: dirname(address.path), port: 5432 }
      : { host: address.host, port: address.port, password: address.password };
  const client = new pg.Client({ ...connection, user: SUPERUSER, database: "postgres" });
  await client.connect();
  return {
    client,
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}
