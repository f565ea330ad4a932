import { setTimeout as sleep } from "node:timers/promises";
import type { Adjudicator } from "../../conflicts/adjudicator.ts";
import {
  isZoned,
  parseZonedValue,
  type ZonedValues,
  zonedKey,
  zonedValuesSql,
} from "../../conflicts/key-values.ts";
import type { KnownChange, TableChange } from "../../conflicts/row-change.ts";
import type { ReadRow } from "../../conflicts/row-marks.ts";
import { parseRowText } from "../../conflicts/row-text.ts";
import { Snapshot } from "../../conflicts/snapshot.ts";
import type { TableFacts } from "../../conflicts/table-facts.ts";
import { WriteSet } from "../../conflicts/write-set.ts";
import type { Statement } from "../../statements/statement.ts";
import type { ErrorFields } from "../../wire/error-fields.ts";
import type { BackendResponse, BackendTurn } from "../exchange/backend-turn.ts";
import { rowsOf } from "../exchange/deliver.ts";
import {
  DATA_CONFLICT,
  isTransient,
  type Problem,
  problemOf,
  SCHEMA_CONFLICT,
} from "../exchange/problems.ts";
import { TableCopies } from "./table-copies.ts";
import type { TransactionPhase } from "./transaction-phase.ts";

/** The savepoint marks where the transaction's own work begins, right after its snapshot. */
const BACK = "ROLLBACK TO SAVEPOINT dsql_local";
const START = `SELECT pg_catalog.pg_current_snapshot(), pg_catalog.postgres_current_setting('transaction_read_only');SAVEPOINT dsql_local`;
/** Maximum number of attempts of a replay that meets deadlocks: about ten seconds. */
const MAX_REPLAYS = 400;
/** From this attempt on, a replay waits a random time first, so that two transactions do not keep blocking each other. */
const PATIENT_REPLAYS = 5;

/** Errors that may be due to rows that the snapshot does not see. */
const MAY_BE_UNSEEN: ReadonlySet<string> = new Set(["40001", "23505", "23503"]);

/** An open transaction of one session. */
export class Transaction {
  readonly #turn: BackendTurn;
  readonly #adjudicator: Adjudicator;
  readonly startedAt: number = performance.now();
  /** False for the implicit transaction of a pipeline, a query of several statements or a single write. */
  explicit: boolean;
  phase: TransactionPhase = "new";
  snapshot: Snapshot | undefined;
  writes: WriteSet;
  /** SET, SET CONSTRAINTS and set_config(), which a rollback to the savepoint undoes. */
  readonly settings: string[] = [];
  /** SQL that repeats its DDL statement after its locks had to be released. */
  ddl: string | undefined;
  /** Whether it has run INSERT, UPDATE, DELETE or COPY FROM. */
  hasWritten = false;
  /** Known once the snapshot has been taken. */
  isReadOnly = false;
  /** How often its work was undone in PostgreSQL; portals do not survive that. */
  timesUndone = 0;
  /** Called before its work is undone while it is idle. */
  beforeUndone?: (() => Promise<void>) | undefined;
  #isOpening = false;
  #failure: Problem | undefined;
  #jobsEndedBefore: number;
  #schemaVersion: number;
  #catalogVersion: number;
  readonly #copies: TableCopies;

  constructor(turn: BackendTurn, adjudicator: Adjudicator, explicit: boolean) {
    this.#turn = turn;
    this.#adjudicator = adjudicator;
    this.explicit = explicit;
    this.writes = new WriteSet(adjudicator.rowIds);
    this.#copies = new TableCopies(turn, () =>
      this.ddl === undefined ? adjudicator.definitionsAt(this.#catalogVersion) : undefined,
    );
    this.#jobsEndedBefore = adjudicator.jobsEnded;
    this.#schemaVersion = adjudicator.schemaVersion;
    this.#catalogVersion = adjudicator.catalogVersion;
  }

  /** Whether an index build or a validation has ended since its snapshot, or since the last call. */
  meetsEndedJob(): boolean {
    const before = this.#jobsEndedBefore;
    this.#jobsEndedBefore = this.#adjudicator.jobsEnded;
    return this.phase !== "new" && before !== this.#jobsEndedBefore;
  }

  isCopied = (schema: string, table: string): boolean => this.#copies.has(schema, table);

  get isInSandbox(): boolean {
    return this.phase === "sandbox";
  }

  /** Why a lost transaction cannot continue. */
  get loss(): Problem {
    if (this.#failure) return this.#failure;
    return this.#hasSchemaChanged ? SCHEMA_CONFLICT : DATA_CONFLICT;
  }

  /** Whether it has only read, so that its COMMIT cannot conflict. */
  get hasNothingToDecide(): boolean {
    if (this.phase === "sandbox" || this.phase === "lost") return false;
    if (this.phase === "aside" && this.settings.length > 0) return false;
    return !this.writes.hasMarks && this.ddl === undefined;
  }

  /**
   * Takes the snapshot with the next request if there is none yet, or replays changes that were set aside into the
   * tables. Afterwards the phase is `in place`, `sandbox` or `lost`, and what was written before can be set aside even if
   * the next statement fails.
   */
  async enter(): Promise<void> {
    if (this.phase === "new") this.#start();
    else if (this.phase === "aside") await this.#putBack();
    else await this.#completeRows();
  }

  #start(): void {
    const opened = this.#adjudicator.opening();
    this.#isOpening = true;
    this.#schemaVersion = this.#adjudicator.schemaVersion;
    this.#catalogVersion = this.#adjudicator.catalogVersion;
    this.#turn.sendAhead(this.#turn.queryMessage(START), (response) => {
      const [row] = rowsOf(response);
      if (response.error || !row) throw new Error(`cannot begin a transaction: ${response.error?.message}`);
      this.#isOpening = false;
      this.snapshot = new Snapshot(row[0] ?? "");
      this.isReadOnly = row[1] === "on";
      opened(this.snapshot);
    });
    this.phase = "in place";
  }

  /** Removes the changes from the tables, so that no session waits for this transaction's locks. */
  async setAside(isStillNeeded: () => Promise<boolean>): Promise<void> {
    if (this.phase !== "in place" && this.phase !== "sandbox") return;
    await this.#turn.settle();
    if (this.#turn.status === "E" || !(await isStillNeeded())) return;
    await this.#completeRows();
    await this.beforeUndone?.();
    this.phase = this.phase === "in place" ? "aside" : "lost";
    await this.#undo();
  }

  /** After a failed statement: undoes the transaction's work in PostgreSQL; the changes before it are set aside. */
  async stepBack(): Promise<void> {
    await this.#undo();
    this.phase = "aside";
  }

  /** Records what a statement has done; returns false if it has met a commit that the snapshot does not see. */
  async accept(
    changes: readonly TableChange[],
    reads: readonly (ReadRow & { bits: number })[],
  ): Promise<boolean> {
    if (this.phase !== "in place" || changes.length + reads.length === 0) return true;
    const { log } = this.#adjudicator;
    const known = await this.#withFacts(changes);
    const zoned = await this.#zonedValues(known);
    const readFacts = new Map<number, TableFacts>();
    for (const { table } of reads) readFacts.set(table, await this.#adjudicator.facts(table));
    for (;;) {
      const snapshot = this.snapshot as Snapshot;
      const hasUnseen = log.hasUnseen(snapshot);
      const writes = hasUnseen ? this.writes.copy() : this.writes;
      for (const change of known) writes.add(change, zoned);
      if (hasUnseen && changes.length > 0) {
        if (log.meets(writes, snapshot)) return false;
        // A COMMIT in progress never waits for locks, so awaiting it cannot deadlock.
        const pending = log.pendingMeeting(writes, snapshot);
        if (pending) {
          await pending;
          continue;
        }
      }
      for (const { bits, ...row } of reads) writes.read(row, readFacts.get(row.table) as TableFacts, bits);
      this.writes = writes;
      return true;
    }
  }

  /** Records what a function that a SELECT called has written; the SELECT's rows have been sent already. */
  async acceptLate(changes: readonly TableChange[]): Promise<void> {
    if (changes.length === 0) return;
    const known = await this.#withFacts(changes);
    const zoned = await this.#zonedValues(known);
    for (const change of known) this.writes.add(change, zoned);
    this.hasWritten = true;
  }

  /** Whether a commit since the snapshot, ended or in progress, may be the reason why a statement failed. */
  get hasUnseenCommits(): boolean {
    return this.snapshot !== undefined && this.#adjudicator.log.hasUnseen(this.snapshot);
  }

  /** Whether a commit that the snapshot does not see has touched the same rows. */
  get isBeaten(): boolean {
    return this.snapshot !== undefined && this.#adjudicator.log.conflicts(this.writes, this.snapshot);
  }

  /** Resolves at the end of a COMMIT in progress that conflicts with this transaction if it succeeds. */
  get pendingConflict(): Promise<void> | undefined {
    return this.snapshot && this.#adjudicator.log.pendingConflict(this.writes, this.snapshot);
  }

  /** From here on the transaction works on copies of the tables it writes. */
  async switchToCopies(): Promise<void> {
    await this.#undo();
    this.phase = "sandbox";
    await this.#applySettings();
  }

  /** Leaves the copies: the transaction has not lost after all. */
  async leaveSandbox(): Promise<void> {
    await this.stepBack();
    this.#copies.clear();
  }

  /**
   * Copies the tables that a statement writes, if they are not copied yet.
   * @param mayStay whether an INSERT may run on the table itself, if a copy would be large
   * @returns where the statement has to run, or why copying failed.
   */
  async copyTables(statement: Statement, mayStay: boolean): Promise<"on copies" | "in place" | Problem> {
    const included = await this.#copies.include(statement, this.writes, mayStay);
    if (included) {
      if (included.hasCopied) for (const setting of this.settings) await this.#turn.query(setting);
      return included.isInPlace ? "in place" : "on copies";
    }
    await this.#adjudicator.schemaSettled();
    return this.loss;
  }

  /** The error for a failed replay: a conflict with another transaction's data or DDL, or the given error. */
  async replayProblem(error: ErrorFields): Promise<Problem> {
    await this.#adjudicator.schemaSettled();
    await this.pendingConflict;
    if (this.isBeaten) return DATA_CONFLICT;
    if (this.#hasSchemaChanged) return SCHEMA_CONFLICT;
    if (MAY_BE_UNSEEN.has(error.sqlstate) && this.hasUnseenCommits) return DATA_CONFLICT;
    return problemOf(error);
  }

  /** To be called when the transaction has ended, committed or not. */
  close(): void {
    if (this.snapshot) this.#adjudicator.closed(this.snapshot);
    else if (this.#isOpening) this.#adjudicator.neverOpened();
  }

  get #hasSchemaChanged(): boolean {
    return this.#schemaVersion !== this.#adjudicator.schemaVersion;
  }

  async #withFacts(changes: readonly TableChange[]): Promise<KnownChange[]> {
    const known: KnownChange[] = [];
    for (const change of changes)
      known.push({ ...change, facts: await this.#adjudicator.facts(change.table) });
    return known;
  }

  /** Foreign key values whose conversion depends on this session's time zone, converted by PostgreSQL. */
  async #zonedValues(changes: readonly KnownChange[]): Promise<ZonedValues | undefined> {
    if (/^(?:UTC|Etc\/UTC|GMT)$/.test(this.#turn.timeZone)) return undefined;
    const texts = new Map<string, Set<string>>();
    for (const { facts, ...change } of changes) {
      for (const { columns, types, parentTypes } of facts.foreignKeys) {
        columns.forEach((column, i) => {
          const parent = parentTypes[i] as string;
          if (!isZoned(parent, types[i] as string)) return;
          const values = texts.get(parent) ?? new Set();
          for (const { oldRow, newRow } of change.rows()) {
            for (const row of [oldRow, newRow]) {
              const text = row === "" ? null : (parseRowText(row)[column] ?? null);
              if (text !== null) values.add(text);
            }
          }
          texts.set(parent, values);
        });
      }
    }
    const zoned = new Map<string, string>();
    for (const [parent, values] of texts) {
      const list = [...values];
      const { rows } = await this.#turn.query(zonedValuesSql(parent, list));
      rows.forEach(([json], i) => {
        if (json) zoned.set(zonedKey(parent, list[i] as string), parseZonedValue(parent, json));
      });
    }
    return zoned;
  }

  /** Reads the rows of which only the keys were reported, while the transaction can still run queries. */
  async #completeRows(): Promise<void> {
    if (this.phase !== "in place" || this.writes.isWhole) return;
    for (const [table, rows] of this.writes.partialRows()) {
      const { error, rows: result } = await this.#turn.call("dsql_local_images", [
        String(table),
        asciiJson(rows),
      ]);
      if (error) {
        this.phase = "lost";
        this.#failure = problemOf(error);
        return;
      }
      const images = JSON.parse(Buffer.from(result[0]?.[0] ?? "", "base64").toString()) as string[];
      if (images.length !== rows.length)
        throw new Error(`${rows.length - images.length} written rows are gone`);
      this.writes.complete(table, images);
    }
    this.writes.isWhole = true;
  }

  async #undo(): Promise<void> {
    this.timesUndone++;
    await this.#turn.query(BACK);
  }

  async #putBack(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.pendingConflict;
      if (this.isBeaten) return this.switchToCopies();
      const { error } = await this.#replay();
      if (!error) {
        this.phase = "in place";
        return;
      }
      await this.#turn.query(BACK);
      if (isTransient(error) && attempt < MAX_REPLAYS) {
        if (attempt >= PATIENT_REPLAYS) await sleep(Math.random() * 50);
        continue;
      }
      const problem = await this.replayProblem(error);
      if (problem === DATA_CONFLICT) return this.switchToCopies();
      this.phase = "lost";
      this.#failure = problem;
      return;
    }
  }

  async #replay(): Promise<Pick<BackendResponse, "error">> {
    const failed = await this.#applySettings();
    if (failed.error) return failed;
    if (this.ddl !== undefined) {
      const response = await this.#turn.query(this.ddl);
      if (response.error) return response;
    }
    if (this.writes.isEmpty) return {};
    const steps = asciiJson(this.writes.replaySteps());
    const response = await this.#turn.call("dsql_local_replay", [steps]);
    if (response.error) return response;
    const ctids = new Map<number, string>();
    for (const moved of (response.rows[0]?.[0] ?? "").split(" ")) {
      const [step = "", ctid = ""] = moved.split(":");
      if (ctid !== "") ctids.set(Number(step), ctid);
    }
    this.writes.moved(ctids);
    return response;
  }

  async #applySettings(): Promise<Pick<BackendResponse, "error">> {
    for (const setting of this.settings) {
      const response = await this.#turn.query(setting);
      if (response.error) return response;
    }
    return {};
  }
}

/** JSON in ASCII, which is the same in every client encoding. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
