import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../node_modules/kysely-0.28/dist/esm/${file}`, import.meta.url));
const kysely = pathOf("index.js");

/** The same tests once more, on Kysely 0.28. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^kysely(\/migration)?$/, replacement: kysely },
      { find: "kysely/helpers/postgres", replacement: pathOf("helpers/postgres.js") },
    ],
  },
  test: {
    name: "kysely-dsql on kysely 0.28",
    include: ["test/**/*.test.ts"],
    exclude: ["test/types.test.ts", "test/abort.db.test.ts"],
    env: { KYSELY_ALIAS: kysely },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
