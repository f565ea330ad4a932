import { sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drizzle } from "../../src/index.ts";
import { LIBRARY_ROWS, LIBRARY_TABLES } from "../../test/support/library.ts";
import { type PlainPostgres, startPlainPostgres } from "../../test/support/plain-postgres.ts";
import { type RelationTree, relationTrees } from "../../test/support/relation-trees.ts";
import type { Library } from "./support/library-queries.ts";
import { relations } from "./support/library-relations.ts";

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

/** `with` of a query; drizzle-orm 1.0 names the rows by their depth. */
function withOf(trees: readonly RelationTree[], depth: number): object {
  return Object.fromEntries(trees.map((tree) => [tree.relation, relationOf(tree, depth)]));
}

function relationOf({ hasExtras, isOrdered, limit, children }: RelationTree, depth: number): object {
  const rowsAround = { rootId: sql`"d0"."id"`, parentId: sql`${sql.identifier(`d${depth}`)}."id"` };
  return {
    with: withOf(children, depth + 1),
    ...(hasExtras && { extras: rowsAround }),
    ...(isOrdered && { orderBy: { id: "desc" } }),
    ...(limit !== undefined && { limit }),
  };
}

it("any tree of relations returns on DSQL what drizzle-orm returns on PostgreSQL", async () => {
  const ours: Library = drizzle(pool, { relations });
  const installed: Library = installedDrizzle({ client: plain.client, relations });
  await fc.assert(
    fc.asyncProperty(relationTrees("members", 3), async (trees) => {
      const query = { with: withOf(trees, 0), orderBy: { id: "asc" } } as const;
      expect(await ours.query.members.findMany(query)).toEqual(await installed.query.members.findMany(query));
    }),
    { numRuns: 60 },
  );
});
