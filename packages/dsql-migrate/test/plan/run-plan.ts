import type { DsqlPool } from "dsql-core";
import { expect } from "vitest";
import type { MigrationPlan, PlanStep } from "../../src/index.ts";

/**
 * Runs a plan as a deployment does, and holds each step to what it says of itself: it has not happened before it runs, it has
 * happened afterwards, and what is safe to repeat is repeated.
 */
export async function runPlan(pool: DsqlPool, plan: MigrationPlan): Promise<void> {
  expect(plan.problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(plan.ok).toBe(true);
  for (const step of plan.steps) {
    try {
      if (!step.safeToRepeat && step.done.kind === "query")
        expect(await isDone(pool, step), "done before it ran").toBe(false);
      await runStep(pool, step);
      if (step.done.kind === "query") expect(await isDone(pool, step), "not done after it ran").toBe(true);
      if (step.safeToRepeat) await runStep(pool, step);
    } catch (error) {
      throw new Error(
        `Step ${step.index} failed: ${(error as Error).message}\n${step.sql}\n${JSON.stringify(step.done)}`,
        { cause: error },
      );
    }
  }
}

/** Runs the statements of a plan, and trusts what its steps say. */
export async function runUnchecked(pool: DsqlPool, plan: MigrationPlan): Promise<void> {
  for (const step of plan.steps) {
    const { rows } = await pool.query<{ job_id?: string }>(step.sql);
    if (rows[0]?.job_id !== undefined) await pool.query(`CALL sys.wait_for_job('${rows[0].job_id}')`);
  }
}

async function runStep(pool: DsqlPool, step: PlanStep): Promise<void> {
  if (step.kind === "async-job") {
    const { rows } = await pool.query<{ job_id?: string }>(step.sql);
    const jobId = rows[0]?.job_id;
    if (jobId !== undefined) await pool.query(`CALL sys.wait_for_job('${jobId}')`);
    const { rows: jobs } = await pool.query("SELECT status, details FROM sys.jobs WHERE job_id = $1", [
      jobId,
    ]);
    expect(jobs[0]?.status).toBe("completed");
    return;
  }
  if (step.kind !== "backfill") {
    await pool.query(step.sql);
    return;
  }
  for (;;) {
    const { rowCount } = await pool.query(step.backfill?.batchSql ?? "");
    if (rowCount === 0) break;
    expect(rowCount).toBeLessThanOrEqual(step.backfill?.batchRows ?? 0);
  }
  const { rows } = await pool.query<{ remaining: string }>(step.backfill?.remainingSql ?? "");
  expect(rows).toEqual([{ remaining: "0" }]);
}

async function isDone(pool: DsqlPool, step: PlanStep): Promise<unknown> {
  if (step.done.kind !== "query") return undefined;
  const { rows } = await pool.query(step.done.sql);
  expect(rows).toHaveLength(1);
  expect(Object.keys(rows[0])).toEqual(["done"]);
  return rows[0].done;
}

/** Drops everything that a test has made. */
export async function emptyDatabase(pool: DsqlPool): Promise<void> {
  const { rows } = await pool.query<{ drop: string }>(
    `SELECT format('DROP %s %I.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, nspname, relname) AS drop
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'v', 'S') AND nspname NOT IN ('pg_catalog', 'information_schema', 'sys') AND nspname !~ '^pg_'
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
     UNION ALL SELECT format('DROP DOMAIN %I.%I CASCADE', nspname, typname) FROM pg_type JOIN pg_namespace AS n ON n.oid = typnamespace
     WHERE typtype = 'd' AND nspname NOT IN ('pg_catalog', 'information_schema', 'sys')
     UNION ALL SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
     WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'app', 'sales'))
     UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname IN ('app', 'sales')
     UNION ALL SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname LIKE 'test\\_%'`,
  );
  for (const { drop } of rows)
    await pool.query(drop.replace(/^DROP (VIEW|SEQUENCE|TABLE|DOMAIN|SCHEMA|FUNCTION)/, "DROP $1 IF EXISTS"));
}
