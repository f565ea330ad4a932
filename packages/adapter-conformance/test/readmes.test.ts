import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const packages = ["dsql-core", "kysely-dsql", "drizzle-dsql", "prisma-dsql"];

/** The tables that the first example of a README creates or describes. */
async function tablesOf(name: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../${name}/README.md`, import.meta.url));
  const blocks = [...(await readFile(path, "utf8")).matchAll(/```(?:ts|js|prisma)\n(.*?)```/gs)];
  const [, code] = blocks[0] ?? [];
  const definition = /(?:create table (?:if not exists )?"?|createTable\("|pgTable\("|model )(\w+)/gi;
  return [...new Set([...(code ?? "").matchAll(definition)].map(([, table]) => table ?? ""))];
}

it("the first example of every README has a table of its own, so that one can run after another", async () => {
  const tables = await Promise.all(packages.map(tablesOf));
  for (const ofOne of tables) expect(ofOne).toHaveLength(1);
  expect(new Set(tables.flat()).size).toBe(packages.length);
});
