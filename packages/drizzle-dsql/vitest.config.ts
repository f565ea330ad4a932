import { project } from "../../vitest.project.ts";

/** drizzle-orm 0.45, the release that `npm install drizzle-orm` brings. */
export default project("drizzle-dsql");
