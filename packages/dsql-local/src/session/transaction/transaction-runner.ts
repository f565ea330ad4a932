import { replayedDdl } from "../../jobs/replayed-ddl.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import { DATA_CONFLICT, TOO_MANY_ROWS } from "../exchange/answers.ts";
import type { Answer } from "../exchange/backend-turn.ts";
import { deliver, deliverWork, readRows, rowsOf } from "../exchange/deliver.ts";
import { FIRST_TIME, MAX_RUNS, type Work } from "../exchange/work.ts";
import { ABORT, type SessionState } from "./session-state.ts";
import { isDeadlock, type Transaction } from "./transaction.ts";

/** Failures that rows may cause which the snapshot does not see: a duplicate key, a foreign key. */
const MAY_BE_UNSEEN: ReadonlySet<string> = new Set(["23505", "23503"]);

const SET_CONFIG = /set_config/i;

/** Runs a statement in the open transaction; answers whether it succeeded. */
export async function runInTransaction(
  session: SessionState,
  work: Work,
  transaction: Transaction,
): Promise<boolean> {
  const { gate, turn, client } = session;
  const { kind, commandTag } = work.statement;
  if (isCopyIn(work)) {
    const answer = await gate.run(() => askForRows(session, work, transaction));
    if (!work.copy.started) return deliverWork(client, work, answer);
    await work.copy.gather();
  }
  return gate.run(async () => {
    await transaction.enter();
    const again = work.copy.started;
    if (transaction.isInSandbox) return runOnCopies(session, work, transaction, { again });
    if (kind !== "read" && kind !== "other") return runChange(session, work, transaction);
    if (commandTag !== undefined) {
      return deliverWork(client, work, await turn.hold(work.request(FIRST_TIME).bytes));
    }
    const answer = await work.stream(transaction.writes.isEmpty ? "client's" : "own");
    if (!answer.error) await transaction.acceptLate(answer.changes);
    if (!answer.error && isSetting(work)) transaction.settings.push(work.statement.text);
    if (!answer.error && SET_CONFIG.test(work.statement.text)) await keepSettings(session, transaction);
    return deliver(client, answer, { addedColumns: 0 });
  });
}

/** Moves the place that undoing goes back to behind what set_config has set; once there are changes that cannot be done. */
async function keepSettings({ turn }: SessionState, transaction: Transaction): Promise<void> {
  const { writes, ddl, phase, settings } = transaction;
  if (!writes.isEmpty || ddl !== undefined || phase !== "in place") return;
  await turn.query("RELEASE SAVEPOINT dsql_local;SAVEPOINT dsql_local");
  settings.length = 0;
}

/** Lets PostgreSQL ask the client for rows, and takes the statement back. */
async function askForRows(session: SessionState, work: Work, transaction: Transaction): Promise<Answer> {
  const { turn } = session;
  await transaction.enter();
  await turn.query("SAVEPOINT dsql_local_copy");
  const answer = await turn.hold(work.request(FIRST_TIME).bytes, work.copy);
  if (work.copy.started) {
    await turn.query("ROLLBACK TO SAVEPOINT dsql_local_copy;RELEASE SAVEPOINT dsql_local_copy");
  }
  return answer;
}

/** A statement that writes, or reads for a lock: its answer is held back until it is known to be the true one. */
async function runChange(session: SessionState, work: Work, transaction: Transaction): Promise<boolean> {
  const { turn, client } = session;
  const { statement, locking } = work;
  if (statement.kind === "write") transaction.hasWritten = true;
  // PostgreSQL is to refuse a lock in a transaction that may only read.
  const form = { again: work.copy.started, plain: locking !== undefined && transaction.isReadOnly };
  for (let run = 1; ; run++) {
    const answer = await turn.hold(work.request(form).bytes, work.copy);
    if (!answer.error) {
      const reads = readRows(answer, form.plain ? [] : (locking?.columnMarks ?? []));
      if (!(await transaction.accept(answer.changes, reads))) return lose(session, work, transaction);
      if (statement.kind === "ddl") transaction.ddl = replayedDdl(statement, rowsOf(answer));
      return deliverWork(client, work, answer, form);
    }
    const { sqlstate } = answer.error;
    const hasLost = sqlstate === "40001" || (MAY_BE_UNSEEN.has(sqlstate) && transaction.hasUnseenCommits);
    if (hasLost) return lose(session, work, transaction);
    const isRefusedLock = locking !== undefined && !form.plain && sqlstate.startsWith("42");
    if (!isRefusedLock && (!isDeadlock(sqlstate) || run >= MAX_RUNS)) {
      return deliverWork(client, work, answer, form);
    }
    form.again = true;
    form.plain ||= isRefusedLock;
    await transaction.stepBack();
    await transaction.enter();
    if (transaction.isInSandbox) return runOnCopies(session, work, transaction, { again: true });
  }
}

/** The statement has met what the snapshot does not see: its true answer is found on copies of the tables. */
async function lose(session: SessionState, work: Work, transaction: Transaction): Promise<boolean> {
  await transaction.moveToSandbox();
  return runOnCopies(session, work, transaction, { again: true, isFirst: true });
}

async function runOnCopies(
  { turn, client, cluster }: SessionState,
  work: Work,
  transaction: Transaction,
  { again, isFirst = false }: { again: boolean; isFirst?: boolean },
): Promise<boolean> {
  if (!(await transaction.copyTables(work.statement))) {
    client.write(errorResponse(DATA_CONFLICT));
    return false;
  }
  const { bytes, ownAnswers } = work.sandboxed({ again, plain: true }, transaction.isCopied);
  const answer = await turn.hold(bytes, work.copy);
  if (!answer.error) {
    const changed = changedRows(answer.tag);
    // A statement that has changed nothing, such as INSERT … ON CONFLICT DO NOTHING, has not lost anything either.
    if (isFirst && changed === 0 && !transaction.isBeaten) await transaction.leaveSandbox();
    transaction.writes.changedRows += changed ?? 0;
    if (transaction.writes.changedRows > cluster.limits.maxRowsPerTransaction) {
      await turn.query(ABORT);
      client.write(errorResponse(TOO_MANY_ROWS));
      return false;
    }
  }
  return deliver(client, answer, { ownAnswers, addedColumns: 0, commandTag: work.statement.commandTag });
}

/** Rows that a write has changed, by its tag; undefined for other statements. */
function changedRows(tag = ""): number | undefined {
  const count = /^(?:INSERT 0|UPDATE|DELETE|COPY) (\d+)$/.exec(tag)?.[1];
  return count === undefined ? undefined : Number(count);
}

const isCopyIn = ({ statement }: Work): boolean =>
  statement.kind === "write" && "CopyStmt" in ((statement.tree ?? {}) as object);

const isSetting = ({ statement }: Work): boolean => "VariableSetStmt" in ((statement.tree ?? {}) as object);
