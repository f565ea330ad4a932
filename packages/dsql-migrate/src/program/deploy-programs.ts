import { type DeployResult, requireUniqueNames } from "../apply/deploy.ts";
import { readHistory } from "../apply/read-history.ts";
import { type DeploymentOptions, historyId, underLease } from "../apply/under-lease.ts";
import type { PlanOptions } from "../plan/options.ts";
import type { MigrationProgram } from "./program.ts";
import { runProgram } from "./run-program.ts";

/** Options of {@link deployPrograms}. */
export interface DeployProgramsOptions extends DeploymentOptions {
  /** All migrations there are, in the order in which they run, applied ones included. */
  programs: readonly MigrationProgram[];
  /** How DDL is planned for DSQL; the existing tables are read from the catalog. */
  plan?: Omit<PlanOptions, "file" | "knownSchema"> | undefined;
  /** Given the names that are applied, which programs run. @default those that are not applied */
  select?: (applied: readonly string[]) => readonly MigrationProgram[];
}

/**
 * Applies migrations that are functions, as `deploy` applies planned ones: a function that was interrupted is run again, and
 * its statements that have run before return what they returned.
 * @throws MigrateError as `deploy` does
 */
export async function deployPrograms(options: DeployProgramsOptions): Promise<DeployResult> {
  const { pool, programs, history, plan } = options;
  requireUniqueNames(programs);
  return await underLease(options, async (deployment) => {
    const id = historyId(history);
    const { journaled, applied } = await readHistory(pool, history);
    const pending =
      options.select?.([...applied.keys()]) ?? programs.filter(({ name }) => !applied.has(name));
    const done: string[] = [];
    for (const program of pending) {
      const earlier = journaled.get(program.name);
      const begun = earlier !== undefined && earlier.finishedAt === undefined;
      await runProgram(deployment, program, id, begun, plan);
      done.push(program.name);
    }
    return { applied: done };
  });
}
