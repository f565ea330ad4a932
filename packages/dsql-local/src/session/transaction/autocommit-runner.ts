import { WriteSet } from "../../conflicts/write-set.ts";
import type { Answer } from "../exchange/backend-turn.ts";
import { deliver, deliverWork } from "../exchange/deliver.ts";
import { FIRST_TIME, MAX_RUNS, type RequestForm, type Work } from "../exchange/work.ts";
import { injectBeforeCommit, injectedAfterCommit } from "./faults.ts";
import type { SessionState } from "./session-state.ts";
import { isDeadlock } from "./transaction.ts";

/** Runs a statement that stands outside a transaction; answers whether it succeeded. */
export async function runAlone(session: SessionState, work: Work): Promise<boolean> {
  const { kind, commandTag } = work.statement;
  if (kind === "write") return write(session, work);
  if (kind === "ddl") return changeSchema(session, work);
  if (kind === "locking-read") return readForLock(session, work);
  if (commandTag !== undefined)
    return deliverWork(session.client, work, await hold(session, work, FIRST_TIME));
  const answer = await session.gate.run(() => work.stream("client's"));
  // A SELECT may have called a function that writes.
  if (!answer.error) await tellAdjudicator(session, answer);
  return deliver(session.client, answer, { addedColumns: 0 });
}

async function write(session: SessionState, work: Work): Promise<boolean> {
  const fault = await injectBeforeCommit(session);
  if (fault) return session.fail(fault);
  const release = await session.adjudicator.latch.share();
  try {
    const answer = await holdPatiently(session, work);
    if (!answer.error) {
      await tellAdjudicator(session, answer);
      release();
      const late = await injectedAfterCommit(session);
      if (late) return session.fail(late);
    }
    return deliverWork(session.client, work, answer);
  } finally {
    release();
  }
}

async function tellAdjudicator({ adjudicator }: SessionState, { changes }: Answer): Promise<void> {
  if (changes.length === 0 || !adjudicator.hasOpenTransactions) return;
  const writes = new WriteSet(adjudicator.places);
  for (const change of changes) writes.add(change, await adjudicator.facts(change.table));
  adjudicator.committed(writes.transactionId as number, writes);
}

async function changeSchema(session: SessionState, work: Work): Promise<boolean> {
  const answer = await holdPatiently(session, work);
  if (!answer.error) session.schemaVersion = session.adjudicator.schemaChanged();
  return deliverWork(session.client, work, answer);
}

/** A locking read while nobody has a transaction open: its marks would be of no use. */
async function readForLock(session: SessionState, work: Work): Promise<boolean> {
  const answer = await hold(session, work, FIRST_TIME);
  if (!work.locking || !answer.error?.sqlstate.startsWith("42")) {
    return deliverWork(session.client, work, answer);
  }
  // PostgreSQL is to say in its own words what is wrong with the statement as it was written.
  const plain = { again: true, plain: true };
  return deliverWork(session.client, work, await hold(session, work, plain), plain);
}

/** Runs the statement again where it and another one were waiting for each other. */
async function holdPatiently(session: SessionState, work: Work): Promise<Answer> {
  let answer = await hold(session, work, FIRST_TIME);
  for (let run = 1; answer.error && isDeadlock(answer.error.sqlstate) && run < MAX_RUNS; run++) {
    answer = await hold(session, work, { again: true, plain: false });
  }
  return answer;
}

const hold = ({ gate, turn }: SessionState, work: Work, form: RequestForm): Promise<Answer> =>
  gate.run(() => turn.hold(work.request(form).bytes, work.copy));
