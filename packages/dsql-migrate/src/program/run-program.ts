import { failureOf, isOccError } from "dsql-core";
import { readSteps } from "../apply/journal.ts";
import { queryOf } from "../apply/repeatable.ts";
import type { Deployment } from "../apply/run-migration.ts";
import { MigrateError } from "../errors.ts";
import type { PlanOptions } from "../plan/options.ts";
import { sequentialPlanner } from "../plan/planner.ts";
import { readPrimaryKeys } from "../plan/read-schema.ts";
import type { MigrationProgram } from "./program.ts";
import { Recording } from "./recording.ts";

/** How often a program is retried after a conflict or a lost connection that its own code did not handle. */
const MAX_RUNS = 20;

/**
 * Runs a program with the results that earlier runs have recorded, and records the migration as applied.
 * @throws MigrateError `DSQL_MIGRATE_FAILED` with the program's own error as `cause`
 */
export async function runProgram(
  deployment: Deployment,
  program: MigrationProgram,
  history: string,
  begun: boolean,
  plan: PlanOptions | undefined,
): Promise<void> {
  const { pool, journal, lease, table, emit, signal } = deployment;
  const { name } = program;
  const startedAt = performance.now();
  const shown = { name, checksum: "", plan: { steps: [], problems: [], ok: true } };
  if (!begun) {
    // Results recorded before this migration was last reverted must not be returned.
    await lease.confirm();
    await journal.forgetSteps(name);
    await journal.begin(shown, table);
  }
  for (let run = 1; ; run += 1) {
    const recorded = await readSteps(pool, history, name);
    const done = recorded.filter(({ state }) => state === "done").length;
    if (run === 1) {
      emit({ type: "migration-started", migration: name, steps: done, resumedAt: begun ? done : undefined });
    }
    // Only primary keys: whatever else the interrupted run has changed by now, the plan is the same.
    const planner = sequentialPlanner({ ...plan, knownSchema: await readPrimaryKeys(queryOf(pool)) });
    const recording = new Recording(deployment, name, recorded, planner);
    try {
      await program.run(recording);
      break;
    } catch (error) {
      // Recorded statements are not sent again, so a retry is safe.
      const transient = isOccError(error) || failureOf(error) === "connection-lost";
      if (transient && run < MAX_RUNS && signal?.aborted !== true) continue;
      if (error instanceof MigrateError || signal?.aborted === true) throw error;
      throw failed(name, recording.position, error);
    } finally {
      await recording.close();
    }
  }
  await journal.finish(shown, undefined, table, undefined);
  emit({ type: "migration-done", migration: name, elapsedMs: performance.now() - startedAt });
}

function failed(name: string, position: number, cause: unknown): MigrateError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new MigrateError(
    "DSQL_MIGRATE_FAILED",
    `Migration ${name} failed at its statement ${position}: ${message}. The statements before it have run and are kept. Fix the cause, or the rest of the migration, and migrate again: it continues from there.`,
    { cause, step: { migration: name, position: Math.max(0, position - 1), sql: "" } },
  );
}
