import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "prisma-dsql",
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/generate-clients.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
