import { asc, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drizzle } from "../src/index.ts";
import { LIBRARY_ROWS, LIBRARY_TABLES } from "./support/library.ts";
import type { Library } from "./support/library-queries.ts";
import { members, schema } from "./support/library-schema.ts";
import { type PlainPostgres, startPlainPostgres } from "./support/plain-postgres.ts";
import { type RelationTree, relationTrees } from "./support/relation-trees.ts";

let dsql: LocalDsql;
let plain: PlainPostgres;
let pool: DsqlPool;

beforeAll(async () => {
  [dsql, plain] = await Promise.all([startLocalDsql(), startPlainPostgres()]);
  pool = new DsqlPool(dsql.connection);
  for (const statement of [...LIBRARY_TABLES, ...LIBRARY_ROWS]) {
    await plain.client.query(statement);
    await pool.query(statement);
  }
});

afterAll(async () => {
  await pool?.end();
  await Promise.all([dsql?.stop(), plain?.stop()]);
});

/** `with` of a query; drizzle-orm 0.45 names the rows by the path to them. */
function withOf(trees: readonly RelationTree[], path: string): object {
  return Object.fromEntries(trees.map((tree) => [tree.relation, relationOf(tree, path)]));
}

function relationOf({ relation, hasExtras, isOrdered, limit, children }: RelationTree, path: string): object {
  const rowsAround = {
    rootId: sql`"members"."id"`.as("root_id"),
    parentId: sql`${sql.identifier(path)}."id"`.as("parent_id"),
  };
  return {
    with: withOf(children, `${path}_${relation}`),
    ...(hasExtras && { extras: rowsAround }),
    ...(isOrdered && { orderBy: (row: { id: never }) => sql`${row.id} desc` }),
    ...(limit !== undefined && { limit }),
  };
}

it("any tree of relations returns on DSQL what drizzle-orm returns on PostgreSQL", async () => {
  const ours: Library = drizzle(pool, { schema });
  const installed: Library = installedDrizzle(plain.client, { schema });
  await fc.assert(
    fc.asyncProperty(relationTrees("members", 3), async (trees) => {
      const query = { with: withOf(trees, "members"), orderBy: asc(members.id) };
      expect(await ours.query.members.findMany(query)).toEqual(await installed.query.members.findMany(query));
    }),
    { numRuns: 60 },
  );
});
