import { type SQL, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import fc from "fast-check";
import { expect, it } from "vitest";
import { drizzle } from "../../src/index.ts";
import { type RelationTree, relationTrees } from "../../test/support/relation-trees.ts";
import { useLibrary } from "../../test/support/use-library.ts";
import type { Library } from "./support/library-queries.ts";
import { relations } from "./support/library-relations.ts";

const { pool, plain } = useLibrary();

/** `with` of a query; drizzle-orm 1.0 names the rows by their depth. */
function withOf(trees: readonly RelationTree[], depth: number): object {
  return Object.fromEntries(trees.map((tree) => [tree.relation, relationOf(tree, depth)]));
}

function relationOf(tree: RelationTree, depth: number): object {
  const { children, parity, needs, limit, offset } = tree;
  const rowsAround = { rootId: sql`"d0"."id"`, parentId: sql`${sql.identifier(`d${depth}`)}."id"` };
  const where = {
    ...(parity !== undefined && { RAW: (row: { id: SQL }) => sql`${row.id} % 2 = ${parity}` }),
    ...(needs !== undefined && { [needs]: true }),
  };
  return {
    with: withOf(children, depth + 1),
    where,
    ...(tree.hasIdOnly && { columns: { id: true } }),
    ...(tree.hasExtras && { extras: rowsAround }),
    ...(tree.isOrdered && { orderBy: { id: "desc" } }),
    ...(limit !== undefined && { limit }),
    ...(offset !== undefined && { offset }),
  };
}

it("any tree of relations returns on DSQL what drizzle-orm returns on PostgreSQL", async () => {
  const ours: Library = drizzle(pool(), { relations });
  const installed: Library = installedDrizzle({ client: plain(), relations });
  await fc.assert(
    fc.asyncProperty(relationTrees("members", 3), async (trees) => {
      const query = { with: withOf(trees, 0), orderBy: { id: "asc" } } as const;
      expect(await ours.query.members.findMany(query)).toEqual(await installed.query.members.findMany(query));
    }),
    { numRuns: 60 },
  );
});
