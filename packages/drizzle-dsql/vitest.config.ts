import { defineConfig } from "vitest/config";

/** drizzle-orm 0.45, the release that `npm install drizzle-orm` brings. */
export default defineConfig({
  test: { name: "drizzle-dsql", include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
});
