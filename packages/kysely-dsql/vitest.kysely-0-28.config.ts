import { fileURLToPath } from "node:url";
import { project } from "../../vitest.project.ts";

const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../node_modules/kysely-0.28/dist/esm/${file}`, import.meta.url));
const kysely = pathOf("index.js");

/** The same tests once more, on Kysely 0.28. */
export default project(
  "kysely-dsql on kysely 0.28",
  { exclude: ["test/types.test.ts", "test/abort.db.test.ts"], env: { KYSELY_ALIAS: kysely } },
  [
    { find: /^kysely(\/migration)?$/, replacement: kysely },
    { find: "kysely/helpers/postgres", replacement: pathOf("helpers/postgres.js") },
  ],
);
