import type { Adjudicator } from "../../conflicts/adjudicator.ts";
import type { RowChange } from "../../conflicts/row-change.ts";
import type { ReadRow } from "../../conflicts/row-marks.ts";
import { Snapshot } from "../../conflicts/snapshot.ts";
import type { TableFacts } from "../../conflicts/table-facts.ts";
import { WriteSet } from "../../conflicts/write-set.ts";
import type { Statement } from "../../statements/statement.ts";
import type { Answer, BackendTurn } from "../exchange/backend-turn.ts";
import { TableCopies } from "./table-copies.ts";
import type { TransactionPhase } from "./transaction-phase.ts";

/** The savepoint marks where the transaction's own work begins, right after its snapshot. */
const BACK = "ROLLBACK TO SAVEPOINT dsql_local";
const START = `SELECT pg_catalog.pg_current_snapshot();SET LOCAL dsql_local.in_transaction = 'on';
  SHOW transaction_read_only;SAVEPOINT dsql_local`;
/** Two transactions that put their rows back at once can meet in a deadlock, of which one is told. */
const MAX_REPLAYS = 50;

/** Errors after which a statement may simply be run again: it waited for somebody who waited for it. */
export const isDeadlock = (sqlstate: string): boolean => sqlstate === "40P01" || sqlstate === "55P03";

/** An open transaction of one session. */
export class Transaction {
  readonly #turn: BackendTurn;
  readonly #adjudicator: Adjudicator;
  readonly startedAt: number = performance.now();
  /** False where it is one that a pipeline or a query of several statements makes. */
  explicit: boolean;
  phase: TransactionPhase = "new";
  snapshot: Snapshot | undefined;
  writes: WriteSet;
  /** SET statements, which a rollback to the savepoint would undo. */
  readonly settings: string[] = [];
  /** The one DDL statement, run again where its locks stood in somebody's way. */
  ddl: string | undefined;
  /** Whether it has run INSERT, UPDATE, DELETE or COPY FROM. */
  hasWritten = false;
  isReadOnly = false;
  /** How often its work was undone in PostgreSQL; portals do not outlive that. */
  timesUndone = 0;
  /** Called before its work is undone while it is idle. */
  beforeUndone?: (() => Promise<void>) | undefined;
  #jobsEndedBefore: number;
  readonly #copies: TableCopies;

  constructor(turn: BackendTurn, adjudicator: Adjudicator, explicit: boolean) {
    this.#turn = turn;
    this.#adjudicator = adjudicator;
    this.explicit = explicit;
    this.writes = new WriteSet(adjudicator.places);
    this.#copies = new TableCopies(turn, adjudicator);
    this.#jobsEndedBefore = adjudicator.jobsEnded;
  }

  /** An index build has ended since its snapshot; told once. */
  meetsEndedJob(): boolean {
    const before = this.#jobsEndedBefore;
    this.#jobsEndedBefore = this.#adjudicator.jobsEnded;
    return this.phase !== "new" && before !== this.#jobsEndedBefore;
  }

  isCopied = (schema: string, table: string): boolean => this.#copies.has(schema, table);

  get isInSandbox(): boolean {
    return this.phase === "sandbox";
  }

  /** It has only read, and reading conflicts with nothing. */
  get hasNothingToDecide(): boolean {
    if (this.phase === "sandbox" || this.phase === "lost") return false;
    return this.writes.marks.size === 0 && this.ddl === undefined && this.settings.length === 0;
  }

  /** Takes the snapshot, where there is none, and puts changes that were set aside back into the tables. */
  async enter(): Promise<void> {
    if (this.phase === "new") {
      this.snapshot = await this.#adjudicator.open(async () => {
        const { rows } = await this.#turn.query(START);
        this.isReadOnly = rows[1]?.[0] === "on";
        return new Snapshot(rows[0]?.[0] ?? "");
      });
      this.phase = "in place";
    } else if (this.phase === "aside") {
      await this.#putBack();
    }
  }

  /** Takes the changes out of the tables, so that nobody waits for this transaction's locks. */
  async setAside(): Promise<void> {
    if (this.phase !== "in place" && this.phase !== "sandbox") return;
    if (this.#turn.status === "E") return;
    await this.beforeUndone?.();
    this.phase = this.phase === "in place" ? "aside" : "lost";
    await this.#undo();
  }

  /** After a failed statement: back to where the transaction stood before it, its changes not in the tables. */
  async stepBack(): Promise<void> {
    await this.#undo();
    this.phase = "aside";
  }

  /** Takes note of what a statement has done, or answers false where it met a commit that the snapshot does not see. */
  async accept(
    changes: readonly RowChange[],
    reads: readonly (ReadRow & { bits: number })[],
  ): Promise<boolean> {
    if (this.phase !== "in place" || changes.length + reads.length === 0) return true;
    const adjudicator = this.#adjudicator;
    const facts = new Map<number, TableFacts>();
    for (const { table } of [...changes, ...reads]) facts.set(table, await adjudicator.facts(table));
    // From here to the end nothing else can be committed.
    const snapshot = this.snapshot as Snapshot;
    const hasUnseen = adjudicator.log.hasUnseen(snapshot);
    const writes = hasUnseen ? this.writes.copy() : this.writes;
    for (const change of changes) writes.add(change, facts.get(change.table) as TableFacts);
    if (hasUnseen && changes.length > 0 && adjudicator.log.meets(writes.marks, snapshot)) return false;
    for (const { bits, ...row } of reads) writes.read(row, facts.get(row.table) as TableFacts, bits);
    this.writes = writes;
    return true;
  }

  /** Takes note of what a function has written that a SELECT has called; its answer has gone out already. */
  async acceptLate(changes: readonly RowChange[]): Promise<void> {
    for (const change of changes) this.writes.add(change, await this.#adjudicator.facts(change.table));
    if (changes.length > 0) this.hasWritten = true;
  }

  /** Whether anything was committed since the snapshot that may be why a statement failed. */
  get hasUnseenCommits(): boolean {
    return this.snapshot !== undefined && this.#adjudicator.log.hasUnseen(this.snapshot);
  }

  /** Whether a commit that the snapshot does not see has touched the same rows. */
  get isBeaten(): boolean {
    return this.snapshot !== undefined && this.#adjudicator.log.conflicts(this.writes.marks, this.snapshot);
  }

  /** From here on the transaction works on copies of the tables it writes. */
  async moveToSandbox(): Promise<void> {
    await this.#undo();
    this.phase = "sandbox";
    await this.#applySettings();
  }

  /** It has not lost after all. */
  async leaveSandbox(): Promise<void> {
    await this.stepBack();
    this.#copies.clear();
  }

  /** Copies the tables that a statement writes, where they are not copied yet; answers whether that could be done. */
  copyTables(statement: Statement): Promise<boolean> {
    return this.#copies.include(statement, this.writes);
  }

  /** The transaction is over, whichever way. */
  close(): void {
    if (this.snapshot) this.#adjudicator.closed(this.snapshot);
  }

  async #undo(): Promise<void> {
    this.timesUndone++;
    await this.#turn.query(BACK);
  }

  async #putBack(): Promise<void> {
    if (this.isBeaten) return this.moveToSandbox();
    for (let attempt = 1; ; attempt++) {
      const { error } = await this.#replay();
      if (!error) {
        this.phase = "in place";
        return;
      }
      if (!isDeadlock(error.sqlstate) || attempt >= MAX_REPLAYS) return this.moveToSandbox();
      await this.#turn.query(BACK);
    }
  }

  async #replay(): Promise<Pick<Answer, "error">> {
    const failed = await this.#applySettings();
    if (failed.error) return failed;
    if (this.ddl !== undefined) {
      const answer = await this.#turn.query(this.ddl);
      if (answer.error) return answer;
    }
    if (this.writes.isEmpty) return {};
    const steps = JSON.stringify(this.writes.replaySteps());
    const answer = await this.#turn.call("dsql_local_replay", [steps, String(this.writes.changedRows)]);
    if (!answer.error) this.writes.moved((answer.rows[0]?.[0] ?? "").split(" "));
    return answer;
  }

  async #applySettings(): Promise<Pick<Answer, "error">> {
    return this.settings.length > 0 ? this.#turn.query(this.settings.join(";")) : {};
  }
}
