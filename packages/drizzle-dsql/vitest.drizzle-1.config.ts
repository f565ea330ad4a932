import { project } from "../../vitest.project.ts";

/** drizzle-orm 1.0: what both versions share, and what only 1.0 has. */
export default project(
  "drizzle-dsql (drizzle-orm 1.0)",
  { include: ["test/shared/**/*.test.ts", "drizzle-1/test/**/*.test.ts"] },
  [{ find: /^drizzle-orm(?=\/|$)/, replacement: "drizzle-orm-1" }],
);
