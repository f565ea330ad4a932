import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, test } from "vitest";
import { planMigrations } from "../../src/index.ts";
import { emptyDatabase, runPlan, runUnchecked } from "./run-plan.ts";
import { BASE, SAMPLES } from "./statement-samples.ts";

let local: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  local = await startLocalDsql();
  pool = new DsqlPool({ ...local.connection, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await local?.stop();
});

/** Plans of samples that start from the same tables. */
async function planSample(sql: string) {
  const [base, sample] = await planMigrations([
    { name: "base", sql: BASE },
    { name: "sample", sql },
  ]);
  if (!base || !sample) throw new Error("There are two plans.");
  return { base: base.plan, sample: sample.plan };
}

test("starts from tables whose plan does what it says", { timeout: 300_000 }, async () => {
  await emptyDatabase(pool);
  await runPlan(pool, (await planSample("SELECT 1")).base);
});

for (const [kind, samples] of Object.entries(SAMPLES)) {
  test(`runs what it plans, and refuses the rest, of ${kind}`, { timeout: 300_000 }, async () => {
    let isFresh = false;
    for (const sql of samples) {
      const { base, sample } = await planSample(sql);
      if (!sample.ok || sample.steps.length === 0) continue;
      if (!isFresh) {
        await emptyDatabase(pool);
        await runUnchecked(pool, base).catch((error: Error) => {
          throw new Error(`The base failed before ${sql}: ${error.message}`, { cause: error });
        });
      }
      await runPlan(pool, sample).catch((error: Error) => {
        throw new Error(`${sql}\n${error.message}`, { cause: error });
      });
      // A table of its own is all that such a sample leaves behind.
      isFresh = sql.startsWith("CREATE TABLE t ");
      if (isFresh) await pool.query("DROP TABLE IF EXISTS t CASCADE");
    }
  });
}
