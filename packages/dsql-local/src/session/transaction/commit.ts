import { DATA_CONFLICT, type Problem, problemOf, SCHEMA_CONFLICT, tooLarge } from "../exchange/answers.ts";
import { injectBeforeCommit, injectedAfterCommit } from "./faults.ts";
import type { SessionState } from "./session-state.ts";
import { ageProblem } from "./statement-judge.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Ends the open transaction: decides whether it may commit, and commits it or rolls it back. Answers the tag for the
 * client, or why it could not be committed; PostgreSQL's transaction is over in either case.
 */
export async function commitTransaction(session: SessionState): Promise<"COMMIT" | "ROLLBACK" | Problem> {
  const transaction = session.transaction as Transaction;
  const { gate, turn, adjudicator } = session;
  if (session.status === "E") {
    await gate.run(() => turn.query("ROLLBACK"));
    return "ROLLBACK";
  }
  const late = ageProblem(transaction, session.cluster.limits.maxTransactionAgeMs);
  const problem = late ?? (await injectBeforeCommit(session));
  if (problem) return refuse(session, problem);
  if (transaction.hasNothingToDecide) {
    const { error } = await gate.run(() => turn.query("COMMIT"));
    return error ? problemOf(error) : ((await injectedAfterCommit(session)) ?? "COMMIT");
  }
  const release = await adjudicator.latch.takeAlone();
  try {
    const refused = await gate.run(() => decide(session, transaction));
    if (refused) return refused;
  } finally {
    release();
  }
  return (await injectedAfterCommit(session)) ?? "COMMIT";
}

/** The decision and the COMMIT itself, while no other transaction can commit. */
async function decide(session: SessionState, transaction: Transaction): Promise<Problem | undefined> {
  const { turn, adjudicator, cluster } = session;
  const { writes } = transaction;
  const limitBytes = cluster.limits.maxTransactionBytes;
  if (writes.bytes > limitBytes) return rollBack(session, tooLarge(writes.bytes, limitBytes));
  if (transaction.phase === "lost") return rollBack(session, SCHEMA_CONFLICT);
  if (transaction.phase === "sandbox" || transaction.isBeaten) return rollBack(session, DATA_CONFLICT);
  if (transaction.ddl === undefined && session.meetsDdl()) return rollBack(session, SCHEMA_CONFLICT);
  await transaction.enter();
  if ((transaction.phase as string) === "sandbox") {
    return rollBack(session, transaction.ddl === undefined ? DATA_CONFLICT : SCHEMA_CONFLICT);
  }
  let transactionId = writes.transactionId;
  if (transactionId === undefined && writes.marks.size > 0) {
    // Rows that were only read for a lock: the id gives the commit a place among what others see.
    const { rows } = await turn.query("SELECT pg_catalog.pg_current_xact_id()");
    transactionId = Number(rows[0]?.[0]);
  }
  const { error } = await turn.query("COMMIT");
  if (error) return problemOf(error);
  if (transactionId !== undefined) adjudicator.committed(transactionId, writes);
  if (transaction.ddl !== undefined) session.schemaVersion = adjudicator.schemaChanged();
  return undefined;
}

async function rollBack(session: SessionState, problem: Problem): Promise<Problem> {
  await session.turn.query("ROLLBACK");
  return problem;
}

function refuse(session: SessionState, problem: Problem): Promise<Problem> {
  return session.gate.run(() => rollBack(session, problem));
}
