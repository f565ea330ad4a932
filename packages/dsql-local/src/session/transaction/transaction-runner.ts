import { replayedDdl } from "../../jobs/replayed-ddl.ts";
import type { BackendResponse } from "../exchange/backend-turn.ts";
import { type Delivery, deliver, deliveryOf, isExplain, readRows, rowsOf } from "../exchange/deliver.ts";
import {
  DATA_CONFLICT,
  ddlProblemOf,
  isTransient,
  type Problem,
  SCHEMA_CONFLICT,
  TOO_MANY_ROWS,
} from "../exchange/problems.ts";
import { FIRST_TIME, MAX_RUNS, type Work } from "../exchange/work.ts";
import type { SessionState } from "./session-state.ts";
import type { Transaction } from "./transaction.ts";

/** Errors that may be due to rows that the snapshot does not see: a duplicate key, a foreign key violation. */
const MAY_BE_UNSEEN: ReadonlySet<string> = new Set(["23505", "23503"]);

/** What the client gets for a statement: PostgreSQL's response, or an error instead of it. */
export type Result = { response: BackendResponse; delivery: Delivery } | { problem: Problem };

/** Sends a result to the client; returns whether the statement succeeded. */
export async function deliverResult(session: SessionState, result: Result): Promise<boolean> {
  return "problem" in result
    ? session.fail(result.problem)
    : deliver(session.client, result.response, result.delivery);
}

/** Runs a statement in the open transaction; the rows of a SELECT have been sent to the client when it resolves. */
export async function runInTransaction(
  session: SessionState,
  work: Work,
  transaction: Transaction,
): Promise<Result> {
  if (isCopyIn(work)) {
    const response = await session.mutex.run(() => askForRows(session, work, transaction));
    if (!work.copy.started) return { response, delivery: deliveryOf(work, FIRST_TIME) };
    await work.copy.gather();
  }
  return session.mutex.run(async () => {
    await transaction.enter();
    if (transaction.phase === "lost") return { problem: transaction.loss };
    if (transaction.isInSandbox) {
      return runOnCopies(session, work, transaction, { again: work.copy.started });
    }
    const { kind } = work.statement;
    return kind === "read" || kind === "other"
      ? runRead(session, work, transaction)
      : runChange(session, work, transaction);
  });
}

/** Lets PostgreSQL ask the client for rows, then rolls the statement back. */
async function askForRows(
  session: SessionState,
  work: Work,
  transaction: Transaction,
): Promise<BackendResponse> {
  const { turn } = session;
  await transaction.enter();
  await turn.query("SAVEPOINT dsql_local_copy");
  const response = await turn.hold(work.request(FIRST_TIME), work.copy);
  if (work.copy.started) {
    await turn.query("ROLLBACK TO SAVEPOINT dsql_local_copy;RELEASE SAVEPOINT dsql_local_copy");
  }
  return response;
}

/** Runs a statement that is not expected to write: its rows are forwarded as they arrive. */
async function runRead(session: SessionState, work: Work, transaction: Transaction): Promise<Result> {
  const { turn } = session;
  const { commandTag } = work.statement;
  const form = { ...FIRST_TIME };
  let response =
    commandTag === undefined
      ? await work.stream(transaction.writes.isEmpty ? "client's" : "own")
      : await turn.hold(work.request(form));
  for (
    let run = 1;
    response.error && isTransient(response.error) && !response.isPartlySent && run < MAX_RUNS;
    run++
  ) {
    await transaction.stepBack();
    await transaction.enter();
    if (transaction.phase === "lost") return { problem: transaction.loss };
    if (transaction.isInSandbox) return runOnCopies(session, work, transaction, { again: true });
    form.again = true;
    response = await turn.hold(work.request(form));
  }
  if (!response.error) {
    await transaction.acceptLate(response.changes);
    if (isSetting(work)) transaction.settings.push(work.statement.text);
    transaction.settings.push(...response.settings);
  }
  return { response, delivery: deliveryOf(work, form) };
}

/** Runs a statement that writes or locks rows: its response is held back until it is known to be correct. */
async function runChange(session: SessionState, work: Work, transaction: Transaction): Promise<Result> {
  const { turn, cluster } = session;
  const { statement, locking } = work;
  const isDdl = statement.kind === "ddl";
  if (statement.kind === "write") transaction.hasWritten = true;
  if (locking !== undefined) await turn.settle();
  // In a read-only transaction the lock is left to PostgreSQL, which refuses it.
  const form = { again: work.copy.started, plain: locking !== undefined && transaction.isReadOnly };
  for (let run = 1; ; run++) {
    const response = await turn.hold(work.request(form), work.copy);
    if (!response.error) {
      const reads = readRows(response, form.plain ? [] : (locking?.columnMarks ?? []));
      if (!(await transaction.accept(response.changes, reads)))
        return restartOnCopies(session, work, transaction);
      if (transaction.writes.changedRows > cluster.limits.maxRowsPerTransaction)
        return { problem: TOO_MANY_ROWS };
      transaction.settings.push(...response.settings);
      if (isDdl) transaction.ddl = replayedDdl(statement, rowsOf(response));
      return { response, delivery: deliveryOf(work, form) };
    }
    const { sqlstate } = response.error;
    if (isDdl && !isTransient(response.error)) {
      return ddlProblemOf(response.error) === SCHEMA_CONFLICT
        ? { problem: SCHEMA_CONFLICT }
        : { response, delivery: deliveryOf(work, form) };
    }
    const hasLost = sqlstate === "40001" || (MAY_BE_UNSEEN.has(sqlstate) && transaction.hasUnseenCommits);
    if (hasLost) return restartOnCopies(session, work, transaction);
    const isRefusedLock = locking !== undefined && !form.plain && sqlstate.startsWith("42");
    if (!isRefusedLock && (!isTransient(response.error) || run >= MAX_RUNS)) {
      return { response, delivery: deliveryOf(work, form) };
    }
    form.again = true;
    form.plain ||= isRefusedLock;
    await transaction.stepBack();
    await transaction.enter();
    if (transaction.phase === "lost") return { problem: transaction.loss };
    if (transaction.isInSandbox) return runOnCopies(session, work, transaction, { again: true });
  }
}

/** Restarts a statement that has met a commit that the snapshot does not see: on copies of the tables its result is correct. */
async function restartOnCopies(session: SessionState, work: Work, transaction: Transaction): Promise<Result> {
  await transaction.switchToCopies();
  return runOnCopies(session, work, transaction, { again: true, isFirst: true });
}

async function runOnCopies(
  { turn, cluster }: SessionState,
  work: Work,
  transaction: Transaction,
  { again, isFirst = false }: { again: boolean; isFirst?: boolean },
): Promise<Result> {
  // The first statement on the copies has just failed on the table itself.
  let place = await transaction.copyTables(work.statement, !isFirst);
  for (let run = 1; ; run++) {
    if (typeof place === "object") return { problem: place };
    await turn.query("SAVEPOINT dsql_local_statement");
    const form = { again: again || run > 1, plain: true };
    const response = await turn.hold(work.sandboxed(form, transaction.isCopied), work.copy);
    const isToRepeat = response.error && isTransient(response.error) && run < MAX_RUNS;
    if (isToRepeat || (response.error && place === "in place")) {
      await turn.query("ROLLBACK TO SAVEPOINT dsql_local_statement;RELEASE SAVEPOINT dsql_local_statement");
      // A row that the snapshot does not see may be the reason for the error: on a copy, it is as DSQL reports it.
      if (!isToRepeat) place = await transaction.copyTables(work.statement, false);
      continue;
    }
    if (!response.error) {
      // Who waits for a row of a released savepoint waits until the whole transaction ends, not only for a rollback.
      if (place === "on copies") await turn.query("RELEASE SAVEPOINT dsql_local_statement");
      const changed = changedRows(response.tag);
      // A statement that has changed nothing, such as INSERT … ON CONFLICT DO NOTHING, has not lost a conflict either.
      if (isFirst && changed === 0 && !transaction.isBeaten) await transaction.leaveSandbox();
      transaction.writes.changedRows += changed ?? 0;
      if (transaction.writes.changedRows > cluster.limits.maxRowsPerTransaction) {
        return { problem: TOO_MANY_ROWS };
      }
      if (isSetting(work)) transaction.settings.push(work.statement.text);
    } else if (response.error.sqlstate === "40001") return { problem: DATA_CONFLICT };
    const { commandTag } = work.statement;
    const delivery = { addedColumns: 0, commandTag, isExplain: isExplain(work.statement) };
    return { response, delivery };
  }
}

/** The number of rows that a write has changed, from its command tag; undefined for other statements. */
function changedRows(tag = ""): number | undefined {
  const count = /^(?:INSERT 0|UPDATE|DELETE|COPY) (\d+)$/.exec(tag)?.[1];
  return count === undefined ? undefined : Number(count);
}

const isCopyIn = ({ statement }: Work): boolean =>
  statement.kind === "write" && "CopyStmt" in ((statement.tree ?? {}) as object);

const isSetting = ({ statement }: Work): boolean => {
  const tree = (statement.tree ?? {}) as object;
  return "VariableSetStmt" in tree || "ConstraintsSetStmt" in tree;
};
