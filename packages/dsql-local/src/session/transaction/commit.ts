import {
  DATA_CONFLICT,
  isTransient,
  type Problem,
  problemOf,
  SCHEMA_CONFLICT,
  tooLarge,
} from "../exchange/problems.ts";
import { MAX_RUNS } from "../exchange/work.ts";
import { injectBeforeCommit, injectedAfterCommit } from "./faults.ts";
import type { SessionState } from "./session-state.ts";
import { ageProblem } from "./statement-judge.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Ends the open transaction like COMMIT: decides whether it may commit, and commits it or rolls it back.
 * @returns the tag for the client, or why it could not be committed; PostgreSQL's transaction has ended in either case.
 */
export async function commitOpen(session: SessionState): Promise<"COMMIT" | "ROLLBACK" | Problem> {
  try {
    return await commit(session, session.transaction as Transaction);
  } finally {
    session.close();
  }
}

/** Rolls the open transaction back, and sends nothing to the client. */
export async function rollBackOpen(session: SessionState): Promise<void> {
  try {
    await session.mutex.run(() => session.turn.query("ROLLBACK"));
  } finally {
    session.close();
  }
}

async function commit(
  session: SessionState,
  transaction: Transaction,
): Promise<"COMMIT" | "ROLLBACK" | Problem> {
  const { mutex, turn } = session;
  if (session.status === "E") {
    await mutex.run(() => turn.query("ROLLBACK"));
    return "ROLLBACK";
  }
  const late = ageProblem(transaction, session.cluster.limits.maxTransactionAgeMs);
  const problem = late ?? (await injectBeforeCommit(session));
  if (problem) return mutex.run(() => rollBack(session, problem));
  const refused = await mutex.run(() =>
    transaction.hasNothingToDecide ? sendCommit(session) : decide(session, transaction),
  );
  return refused ?? (await injectedAfterCommit(session)) ?? "COMMIT";
}

/**
 * Decides, and sends COMMIT. Other sessions do so at the same time: a transaction that conflicts with a COMMIT in progress
 * waits for its end.
 */
async function decide(session: SessionState, transaction: Transaction): Promise<Problem | undefined> {
  const { turn, adjudicator, cluster } = session;
  const limitBytes = cluster.limits.maxTransactionBytes;
  if (transaction.writes.bytes > limitBytes) {
    return rollBack(session, tooLarge(transaction.writes.bytes, limitBytes));
  }
  let areConstraintsChecked = false;
  for (let checks = 1; ; ) {
    if (transaction.phase === "lost") return rollBack(session, transaction.loss);
    if (transaction.phase === "sandbox" || transaction.isBeaten) return rollBack(session, DATA_CONFLICT);
    if (transaction.ddl === undefined && session.meetsDdl()) return rollBack(session, SCHEMA_CONFLICT);
    const pending = transaction.pendingConflict;
    const { writes } = transaction;
    if (pending) await pending;
    else if (transaction.phase !== "in place") await transaction.enter();
    else if (writes.transactionId === undefined && writes.hasMarks) {
      // It has only read rows for locks, so it has no id yet; the id determines which snapshots see the commit.
      const { rows } = await turn.query("SELECT pg_catalog.pg_current_xact_id()");
      writes.transactionId = Number(rows[0]?.[0]);
    } else if (writes.hasDeferrable && !areConstraintsChecked) {
      // Run the deferred checks now: they may wait for locks, and COMMIT itself must not wait.
      await transaction.enter();
      if (transaction.phase !== "in place") continue;
      const { error } = await turn.query("SET CONSTRAINTS ALL IMMEDIATE");
      areConstraintsChecked = !error;
      if (error && isTransient(error) && checks++ < MAX_RUNS) await transaction.stepBack();
      else if (error) {
        const problem = await transaction.replayProblem(error);
        return rollBack(session, problem);
      }
    } else break;
  }
  // Nothing was awaited between the last check of the log and this line.
  const { writes } = transaction;
  const pending =
    writes.transactionId === undefined ? undefined : adjudicator.beginCommit(writes.transactionId, writes);
  try {
    const problem =
      transaction.ddl === undefined
        ? await sendCommit(session)
        : await adjudicator.changeSchema(
            () => sendCommit(session),
            (refused) => !refused,
          );
    if (problem) pending?.failed();
    else pending?.committed();
    if (!problem && transaction.ddl !== undefined) session.schemaVersion = adjudicator.schemaVersion;
    return problem;
  } catch (error) {
    // The connection to PostgreSQL was lost, and the outcome is undetermined: it counts as committed.
    pending?.committed();
    throw error;
  }
}

async function sendCommit({ turn }: SessionState): Promise<Problem | undefined> {
  const { error } = await turn.query("COMMIT");
  return error && problemOf(error);
}

async function rollBack(session: SessionState, problem: Problem): Promise<Problem> {
  await session.turn.query("ROLLBACK");
  return problem;
}
