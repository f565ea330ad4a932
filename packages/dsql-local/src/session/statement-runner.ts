import { WriteSet } from "../conflicts/write-set.ts";
import { replayedDdl } from "../jobs/replayed-ddl.ts";
import { ddlWithDml, secondDdl } from "../rules/ddl-placement.ts";
import type { Refusal, Statement } from "../sql/statement.ts";
import { errorResponse } from "../wire/error-fields.ts";
import { ABORTED, DATA_CONFLICT, type Problem, SCHEMA_CONFLICT, TOO_MANY_ROWS, tooOld } from "./answers.ts";
import type { Answer } from "./backend-turn.ts";
import { deliver, readRows, rowsOf } from "./deliver.ts";
import { injectBeforeCommit, injectedAfterCommit, injectInStatement } from "./faults.ts";
import { ABORT, type SessionState } from "./session-state.ts";
import { isDeadlock, type Transaction } from "./transaction.ts";
import type { Work } from "./work.ts";

const MAX_RUNS = 50;
/** Failures that rows may cause which the snapshot does not see: a duplicate key, a foreign key. */
const MAY_BE_UNSEEN = new Set(["23505", "23503"]);

/** Runs statements that are neither BEGIN, COMMIT nor ROLLBACK. Each answers whether it succeeded. */
export class StatementRunner {
  readonly #session: SessionState;

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** Why a statement is refused, before it is run. */
  async refusal(work: Pick<Work, "statement">): Promise<Problem | undefined> {
    const problem = this.#refusalByText(work);
    if (problem) return problem;
    for (const check of work.statement.catalogChecks ?? []) {
      const refusal = await check({ query: (sql) => this.#askCatalog(sql) });
      if (refusal) return this.#told(refusal, work.statement.source);
    }
    return undefined;
  }

  #refusalByText(work: Pick<Work, "statement">): Problem | undefined {
    const session = this.#session;
    const { transaction, status, cluster } = session;
    const { statement } = work;
    if (status === "E") return ABORTED;
    const place = transaction?.explicit
      ? statement.refusalInTransaction
      : statement.refusalOutsideTransaction;
    const refusal = statement.refusal ?? place;
    if (refusal) return this.#told(refusal, statement.source);
    if (statement.tables.length > 0 && session.meetsSchemaChange()) return SCHEMA_CONFLICT;
    if (!transaction) return undefined;
    const ageMs = performance.now() - transaction.startedAt;
    if (ageMs > cluster.limits.maxTransactionAgeMs) return tooOld(ageMs, cluster.limits.maxTransactionAgeMs);
    if (transaction.phase === "lost") return SCHEMA_CONFLICT;
    const misplaced = misplacedDdl(statement.kind, transaction);
    return misplaced && this.#told(misplaced, statement.source);
  }

  async run(work: Work): Promise<boolean> {
    const session = this.#session;
    const fault = injectInStatement(session, () => work.request({ again: false, plain: false }).bytes);
    if (fault) return session.fail(fault);
    const transaction =
      session.transaction ?? (this.#needsTransaction(work) && (await session.beginImplicit()));
    if (transaction) return this.#inTransaction(work, transaction);
    switch (work.statement.kind) {
      case "write":
        return this.#alone(work);
      case "ddl":
        return this.#ddl(work);
      case "locking-read":
        return this.#deliver(work, await this.#hold(work, { again: false, plain: false }));
      default: {
        if (work.statement.commandTag !== undefined)
          return this.#deliver(work, await this.#hold(work, { again: false, plain: false }));
        const answer = await session.gate.run(() =>
          session.turn.stream(work.request({ again: false, plain: false }).bytes, work.copy),
        );
        return deliver(session.client, answer, { addedColumns: 0 });
      }
    }
  }

  /** Outside a transaction: rows that come at the client's pace, and marks that must outlive the statement. */
  #needsTransaction({ statement }: Work): boolean {
    if (statement.kind === "locking-read") return this.#session.adjudicator.hasOpenTransactions;
    return statement.kind === "write" && "CopyStmt" in ((statement.tree ?? {}) as object);
  }

  /** A statement that commits itself. */
  async #alone(work: Work): Promise<boolean> {
    const session = this.#session;
    const fault = await injectBeforeCommit(session);
    if (fault) return session.fail(fault);
    const release = await session.adjudicator.latch.share();
    try {
      let answer = await this.#hold(work, { again: false, plain: false });
      for (let run = 1; answer.error && isDeadlock(answer.error.sqlstate) && run < MAX_RUNS; run++) {
        answer = await this.#hold(work, { again: true, plain: false });
      }
      if (!answer.error) {
        await this.#commitsAlone(answer);
        release();
        const late = await injectedAfterCommit(session);
        if (late) return session.fail(late);
      }
      return this.#deliver(work, answer);
    } finally {
      release();
    }
  }

  async #commitsAlone({ changes }: Answer): Promise<void> {
    const { adjudicator } = this.#session;
    if (changes.length === 0 || !adjudicator.hasOpenTransactions) return;
    const writes = new WriteSet(adjudicator.places);
    for (const change of changes) writes.add(change, await adjudicator.facts(change.table));
    adjudicator.committed(writes.transactionId as number, writes);
  }

  async #ddl(work: Work): Promise<boolean> {
    const session = this.#session;
    let answer = await this.#hold(work, { again: false, plain: false });
    for (let run = 1; answer.error && isDeadlock(answer.error.sqlstate) && run < MAX_RUNS; run++) {
      answer = await this.#hold(work, { again: true, plain: false });
    }
    if (!answer.error) session.schemaVersion = session.adjudicator.schemaChanged();
    return this.#deliver(work, answer);
  }

  #inTransaction(work: Work, transaction: Transaction): Promise<boolean> {
    const { gate, turn, client } = this.#session;
    const { kind } = work.statement;
    return gate.run(async () => {
      await transaction.enter();
      if (transaction.phase === "sandbox") return this.#inSandbox(work, transaction, false);
      if (work.statement.commandTag !== undefined && kind === "other") {
        return this.#deliver(work, await turn.hold(work.request({ again: false, plain: false }).bytes));
      }
      if (kind === "read" || kind === "other") {
        const answer = await turn.stream(work.request({ again: false, plain: false }).bytes, work.copy);
        if (!answer.error && isSetting(work)) transaction.settings.push(work.statement.text);
        return deliver(client, answer, { addedColumns: 0 });
      }
      return this.#changing(work, transaction);
    });
  }

  async #changing(work: Work, transaction: Transaction): Promise<boolean> {
    const { turn } = this.#session;
    if (work.statement.kind === "write") transaction.hasWritten = true;
    const form = { again: false, plain: false };
    for (let run = 1; ; run++) {
      const answer = await turn.hold(work.request(form).bytes, work.copy);
      form.again = true;
      if (!answer.error) {
        const columnMarks = form.plain ? [] : (work.locking?.columnMarks ?? []);
        if (await transaction.accept(answer.changes, readRows(answer, columnMarks))) {
          if (work.statement.kind === "ddl") transaction.ddl = replayedDdl(work.statement, rowsOf(answer));
          return this.#deliver(work, answer, form);
        }
        return this.#lose(work, transaction);
      }
      const { sqlstate } = answer.error;
      if (sqlstate === "40001") return this.#lose(work, transaction);
      if (MAY_BE_UNSEEN.has(sqlstate) && transaction.hasUnseenCommits) return this.#lose(work, transaction);
      if (work.locking && !form.plain && sqlstate.startsWith("42")) form.plain = true;
      else if (!isDeadlock(sqlstate) || run >= MAX_RUNS) return this.#deliver(work, answer, form);
      await transaction.stepBack();
      await transaction.enter();
      if ((transaction.phase as string) === "sandbox") return this.#inSandbox(work, transaction, true);
    }
  }

  /** The statement has met what the snapshot does not see: its true answer is found on copies of the tables. */
  async #lose(work: Work, transaction: Transaction): Promise<boolean> {
    await transaction.moveToSandbox();
    return this.#inSandbox(work, transaction, true, true);
  }

  async #inSandbox(work: Work, transaction: Transaction, again: boolean, isFirst = false): Promise<boolean> {
    const { turn, client, cluster } = this.#session;
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

  async #askCatalog(sql: string): Promise<(string | null)[][]> {
    const { gate, turn, transaction } = this.#session;
    return gate.run(async () => {
      await transaction?.enter();
      return (await turn.query(sql)).rows;
    });
  }

  #hold(work: Work, form: { again: boolean; plain: boolean }): Promise<Answer> {
    const { gate, turn } = this.#session;
    return gate.run(() => turn.hold(work.request(form).bytes, work.copy));
  }

  #deliver(work: Work, answer: Answer, form = { again: false, plain: false }): boolean {
    const { ownAnswers } = work.request(form);
    const addedColumns = form.plain ? 0 : (work.locking?.columnMarks.length ?? 0);
    const { commandTag } = work.statement;
    return deliver(this.#session.client, answer, { ownAnswers, addedColumns, commandTag });
  }

  #told(refusal: Refusal, source: string): Problem {
    this.#session.cluster.refused(refusal, source);
    return { ...refusal };
  }
}

function misplacedDdl(kind: Statement["kind"], { ddl, hasWritten }: Transaction): Refusal | undefined {
  if (kind === "ddl" && ddl !== undefined) return secondDdl;
  const mixes = kind === "ddl" ? hasWritten : kind === "write" && ddl !== undefined;
  return mixes ? ddlWithDml : undefined;
}

export const isControl = ({ kind, refusal }: Statement): boolean =>
  !refusal && (kind === "begin" || kind === "commit" || kind === "rollback");

/** Rows that a write has changed, by its tag; undefined for other statements. */
function changedRows(tag = ""): number | undefined {
  const count = /^(?:INSERT 0|UPDATE|DELETE|COPY) (\d+)$/.exec(tag)?.[1];
  return count === undefined ? undefined : Number(count);
}

const isSetting = ({ statement }: Work): boolean =>
  statement.tree !== undefined && "VariableSetStmt" in (statement.tree as object);
