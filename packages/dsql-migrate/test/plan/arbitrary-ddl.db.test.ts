import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planMigration } from "../../src/index.ts";
import { arbitraryScript } from "./arbitrary-ddl.ts";
import { emptyDatabase } from "./run-plan.ts";

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

/** What DSQL says to what it does not have; anything else is PostgreSQL's own, such as a column that was dropped before. */
const REFUSALS = new Set(["0A000", "54000", "54011", "42601"]);

test("sends nothing that the endpoint refuses", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScript, fc.boolean(), async (sql, recreate) => {
      const plan = await planMigration(sql, { recreate });
      if (!plan.ok) {
        expect(
          plan.problems.filter(({ severity }) => severity === "error").every(({ advice }) => advice !== ""),
        ).toBe(true);
        expect(plan.steps).toEqual([]);
        return;
      }
      await emptyDatabase(pool);
      for (const step of plan.steps) {
        try {
          const { rows } = await pool.query(step.sql);
          if (rows[0]?.job_id !== undefined) await pool.query(`CALL sys.wait_for_job('${rows[0].job_id}')`);
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (REFUSALS.has(code ?? "") || code === undefined)
            throw new Error(`${message}\n${step.sql}`, { cause: error });
          // The script itself is wrong on PostgreSQL from here on.
          return;
        }
      }
    }),
    { numRuns: 60 },
  );
});
