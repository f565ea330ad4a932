import { asc, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import fc from "fast-check";
import { expect, it } from "vitest";
import { drizzle } from "../src/index.ts";
import type { Library } from "./support/library-queries.ts";
import { schema } from "./support/library-schema.ts";
import { members } from "./support/library-tables.ts";
import { type RelationTree, relationTrees } from "./support/relation-trees.ts";
import { useLibrary } from "./support/use-library.ts";

const { pool, plain } = useLibrary();

/** `with` of a query; drizzle-orm 0.45 names the rows by the path to them. */
function withOf(trees: readonly RelationTree[], path: string): object {
  return Object.fromEntries(trees.map((tree) => [tree.relation, relationOf(tree, path)]));
}

function relationOf(tree: RelationTree, path: string): object {
  const { relation, children, parity, limit, offset } = tree;
  const rowsAround = {
    rootId: sql`"members"."id"`.as("root_id"),
    parentId: sql`${sql.identifier(path)}."id"`.as("parent_id"),
  };
  return {
    with: withOf(children, `${path}_${relation}`),
    ...(tree.hasIdOnly && { columns: { id: true } }),
    ...(tree.hasExtras && { extras: rowsAround }),
    ...(parity !== undefined && { where: (row: { id: never }) => sql`${row.id} % 2 = ${parity}` }),
    ...(tree.isOrdered && { orderBy: (row: { id: never }) => sql`${row.id} desc` }),
    ...(limit !== undefined && { limit }),
    ...(offset !== undefined && { offset }),
  };
}

it("any tree of relations returns on DSQL what drizzle-orm returns on PostgreSQL", async () => {
  const ours: Library = drizzle(pool(), { schema });
  const installed: Library = installedDrizzle(plain(), { schema });
  await fc.assert(
    fc.asyncProperty(relationTrees("members", 3), async (trees) => {
      const query = { with: withOf(trees, "members"), orderBy: asc(members.id) };
      expect(await ours.query.members.findMany(query)).toEqual(await installed.query.members.findMany(query));
    }),
    { numRuns: 60 },
  );
});
