import { defineConfig } from "vitest/config";

/** drizzle-orm 1.0: what both versions share, and what only 1.0 has. */
export default defineConfig({
  test: {
    name: "drizzle-dsql (drizzle-orm 1.0)",
    include: ["test/shared/**/*.test.ts", "drizzle-1/test/**/*.test.ts"],
    alias: [{ find: /^drizzle-orm(?=\/|$)/, replacement: "drizzle-orm-1" }],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
