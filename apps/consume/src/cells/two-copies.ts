import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Cell } from "../cell.ts";
import { npmProject, runProgram, runWithEndpoint, writeFiles } from "../project.ts";

const RECOGNISED = `
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as one from "dsql-core";
import { DsqlDialect } from "kysely-dsql";
import { Kysely } from "kysely";

// The other copy, and the CommonJS form of this one.
const others = [
  createRequire(new URL("node_modules/kysely-dsql/dist/index.js", import.meta.url))("dsql-core"),
  createRequire(import.meta.url)("dsql-core"),
];
for (const other of others) {
  assert.notEqual(one.DsqlPool, other.DsqlPool);
  const failure = (() => { try { new other.DsqlPool("postgresql://nowhere"); } catch (error) { return error; } })();
  assert.equal(failure.code, "DSQL_CONFIG");
  assert.ok(failure instanceof one.DsqlError);
  assert.ok(failure instanceof one.DsqlConfigError);
  assert.ok(!(failure instanceof one.DsqlTokenError));
  const pool = new other.DsqlPool(process.env.DATABASE_URL);
  const db = new Kysely({ dialect: new DsqlDialect({ pool }) });
  let attempts = 0;
  await assert.rejects(
    db.transactionWithRetry(async () => {
      attempts++;
      throw Object.assign(new Error("change conflicts with another transaction (OC000)"), { code: "40001" });
    }, { maxAttempts: 2 }),
    (error) => error instanceof one.OccRetryExhaustedError && error instanceof one.DsqlError,
  );
  assert.equal(attempts, 2);
  await db.destroy();
}
console.log("recognised");
`;

/** kysely-dsql with its own dsql-core, beside that of the project. */
export const twoCopies: Cell[] = [
  {
    name: "two copies of dsql-core",
    short: true,
    run: async (context) => {
      const installed = await npmProject(context, "npm");
      const folder = await context.emptyFolder("two-copies");
      await cp(installed, folder, { recursive: true });
      const modules = join(folder, "node_modules");
      await cp(join(modules, "dsql-core"), join(modules, "kysely-dsql/node_modules/dsql-core"), {
        recursive: true,
      });
      await runProgram(context, folder, "esm");
      await runProgram(context, folder, "cjs");
      await writeFiles(folder, { "recognised.mjs": RECOGNISED });
      const { output } = await runWithEndpoint(context, [process.execPath, "recognised.mjs"], folder);
      if (!output.includes("recognised")) throw new Error(output);
      return undefined;
    },
  },
];
