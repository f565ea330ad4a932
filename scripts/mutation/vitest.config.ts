import { fileURLToPath } from "node:url";
import { project } from "../../vitest.project.ts";

const { MUTATION_TIMEOUT_MS } = process.env;
/** Milliseconds for a test, and for a hook where the tests need no database. */
const timeoutMs = Number(MUTATION_TIMEOUT_MS ?? 10_000);
const name = process.env.MUTATION_PACKAGE ?? "dsql-core";

/** The tests that mutants of one package run: from the sources, in one process, without a build first. */
export default {
  ...project(name, {
    include: JSON.parse(process.env.MUTATION_TESTS ?? '["test/**/*.test.ts"]'),
    testTimeout: timeoutMs,
    ...(MUTATION_TIMEOUT_MS !== undefined && { hookTimeout: timeoutMs }),
  }),
  root: fileURLToPath(new URL(`../../packages/${name}`, import.meta.url)),
};
