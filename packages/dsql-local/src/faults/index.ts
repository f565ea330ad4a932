/**
 * Faults on demand, for tests of code that must survive them: `local.faults` of `startLocalDsql` is a {@link Faults}.
 *
 * @example
 * await using local = await startLocalDsql();
 * local.faults.conflictCommits(2);
 * await pool.transactionWithRetry(transfer);
 * assert.equal(local.faults.counts.conflict, 2);
 *
 * @packageDocumentation
 */
export { type CutPoint, FAULT_NAMES, type FaultName, type Faults, type LatencyOptions } from "./faults.ts";
