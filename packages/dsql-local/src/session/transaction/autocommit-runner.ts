import { WriteSet } from "../../conflicts/write-set.ts";
import type { BackendResponse } from "../exchange/backend-turn.ts";
import { deliver, deliverWork, deliveryOf } from "../exchange/deliver.ts";
import { ddlProblemOf, isTransient } from "../exchange/problems.ts";
import { FIRST_TIME, MAX_RUNS, type RequestForm, type Work } from "../exchange/work.ts";
import { commitOpen, rollBackOpen } from "./commit.ts";
import type { SessionState } from "./session-state.ts";
import { deliverResult, runInTransaction } from "./transaction-runner.ts";

/** Runs a statement outside a transaction; returns whether it succeeded. */
export async function runAlone(session: SessionState, work: Work): Promise<boolean> {
  const { kind } = work.statement;
  if (kind === "write" || kind === "locking-read") return runAsTransaction(session, work);
  return kind === "ddl" ? changeSchema(session, work) : read(session, work);
}

/** Runs a statement whose commit may conflict with others: the client gets the response once the commit has succeeded. */
async function runAsTransaction(session: SessionState, work: Work): Promise<boolean> {
  const result = await runInTransaction(session, work, session.beginImplicit());
  const hasFailed = "problem" in result || result.response.error !== undefined;
  if (hasFailed) {
    await rollBackOpen(session);
    return deliverResult(session, result);
  }
  const outcome = await commitOpen(session);
  return typeof outcome === "string" ? deliverResult(session, result) : session.fail(outcome);
}

async function changeSchema(session: SessionState, work: Work): Promise<boolean> {
  const { adjudicator, mutex, turn } = session;
  const response = await adjudicator.changeSchema(
    () => retryDeadlocks((form) => mutex.run(() => turn.hold(work.request(form)))),
    ({ error }) => !error,
  );
  if (!response.error) session.schemaVersion = adjudicator.schemaVersion;
  else if (ddlProblemOf(response.error) !== response.error) return session.fail(ddlProblemOf(response.error));
  return deliverWork(session.client, work, response);
}

async function read(session: SessionState, work: Work): Promise<boolean> {
  const { mutex, turn } = session;
  const hold = (form: RequestForm): Promise<BackendResponse> =>
    mutex.run(() => turn.hold(work.request(form), work.copy));
  if (work.statement.commandTag !== undefined) {
    return deliverWork(session.client, work, await retryDeadlocks(hold));
  }
  const form = { ...FIRST_TIME };
  const response = await retryDeadlocks((next) => {
    Object.assign(form, next);
    return next.again ? hold(next) : mutex.run(() => work.stream("client's"));
  });
  if (!response.error) await logLate(session, response);
  return deliver(session.client, response, deliveryOf(work, form));
}

/** Runs a statement, and retries it if it meets a deadlock. */
async function retryDeadlocks(
  run: (form: RequestForm) => Promise<BackendResponse>,
): Promise<BackendResponse> {
  let response = await run(FIRST_TIME);
  for (let runs = 1; runs < MAX_RUNS; runs++) {
    if (!response.error || !isTransient(response.error) || response.isPartlySent) break;
    response = await run({ again: true, plain: false });
  }
  return response;
}

/** Adds what a function that a SELECT called has committed to the commit log. */
async function logLate({ adjudicator }: SessionState, { changes }: BackendResponse): Promise<void> {
  if (changes.length === 0 || !adjudicator.hasOpenTransactions) return;
  const writes = new WriteSet(adjudicator.rowIds);
  for (const change of changes) {
    writes.add({ ...change, facts: await adjudicator.facts(change.table) });
  }
  adjudicator.beginCommit(writes.transactionId as number, writes).committed();
}
