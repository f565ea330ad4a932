import type { DsqlPool } from "dsql-core";
import { escapeLiteral } from "pg";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanStep } from "../plan/step.ts";
import type { HistoryTable } from "./history.ts";
import { JOURNAL_SCHEMA } from "./journal-tables.ts";
import { isLost, MAX_LOST_CONNECTIONS, runRepeatable } from "./repeatable.ts";

type StepState = "pending" | "started" | "done" | "failed";

/** A migration's row in the journal. */
export interface JournalMigration {
  name: string;
  checksum: string;
  steps: number;
  stepsDone: number;
  startedAt: Date;
  finishedAt: Date | undefined;
  owner: string;
}

/** A step's row in the journal. */
export interface JournalStep {
  position: number;
  state: StepState;
  /** The step as it was planned when the migration began. */
  plan: PlanStep;
  /** What its catalog check said before it was started. */
  doneBefore: boolean;
  error: string | undefined;
  /** For a statement of a program: what it returned, as `storeResult` wrote it. */
  result: string | undefined;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
}

/** Steps by their positions, both included. */
export interface StepRange {
  from: number;
  to: number;
}

/** Steps that have happened. */
export interface FinishedSteps {
  range: StepRange;
  /** How many rows some of them have changed, by position. */
  rows?: ReadonlyMap<number, number> | undefined;
}

/** Steps that are about to run. */
export interface StartingSteps {
  range: StepRange;
  /** All steps of the migration. */
  steps: readonly PlanStep[];
}

/**
 * The steps that are started by one entry of the journal, from a position on: a step by itself, or a run of additive ones. For
 * those the catalog shows at any time which have happened, so that the journal need not be written between them.
 */
export function firstSteps(steps: readonly PlanStep[], from: number): StepRange {
  let to = from;
  while (to - from < LONGEST_RUN && isAdditive(steps[to]) && isAdditive(steps[to + 1])) to += 1;
  return { from, to };
}

function isAdditive(step: PlanStep | undefined): boolean {
  if (step === undefined || step.kind === "dml") return false;
  // The rows that a backfill has filled are not filled again.
  return step.kind === "backfill" || (step.done.kind !== "journal-only" && step.done.additive === true);
}

const MIGRATION = `${JOURNAL_SCHEMA}.migration`;
const STEP = `${JOURNAL_SCHEMA}.step`;

const REPLACED_STEP = [
  "state",
  "plan",
  "done_before",
  "changed_rows",
  "error",
  "result",
  "started_at",
  "finished_at",
]
  .map((column) => `${column} = excluded.${column}`)
  .join(", ");

/** Plans are stored in statements below this many characters, far below DSQL's limit of 10 MiB for a transaction. */
const CHUNK_CHARACTERS = 1_000_000;
const CHUNK_STEPS = 500;
/** How many steps one entry of the journal starts at most. */
const LONGEST_RUN = 50;
/** How many steps are stored in the transaction that begins a migration; DSQL allows 3,000 rows in one. */
const FIRST_STEPS = 2000;

/**
 * The journal of one history under one lease. Each write is one statement, or a part of the transaction of a DML step, and
 * names the lease's fence: a holder that has lost its lease writes nothing any more.
 */
export class Journal {
  readonly #pool: DsqlPool;
  readonly #history: string;
  readonly #fence: bigint;
  readonly #owner: string;

  constructor(pool: DsqlPool, history: string, lease: { fence: bigint; owner: string }) {
    this.#pool = pool;
    this.#history = history;
    this.#fence = lease.fence;
    this.#owner = lease.owner;
  }

  /** Writes a migration's plan, with its first step as started, and its row of the history table. */
  async begin(migration: PlannedMigration, table: HistoryTable | undefined): Promise<void> {
    await this.prepare(migration);
    await this.#transaction(async (run) => {
      const [count] = await run(this.#beginSql(migration, table));
      if (count !== 1) throw lostToAnother();
    });
  }

  /**
   * Stores the steps of a long plan that do not fit into the transaction of its beginning. Without their migration's row they
   * are ignored, and those of a running migration are not changed.
   */
  async prepare({ name, plan }: PlannedMigration): Promise<void> {
    const rows = plan.steps.map((step, position) => this.#stepRow(name, step, position, false));
    for (const chunk of inChunks(rows.slice(FIRST_STEPS))) {
      await runRepeatable(this.#pool, `${insertSteps(chunk)} WHERE step.state = 'pending'`);
    }
  }

  /** Takes over what earlier runs have begun: from now on no other holder can write to it. */
  async takeOver(): Promise<void> {
    await runRepeatable(
      this.#pool,
      `UPDATE ${MIGRATION} SET fence = ${this.#fence}, owner = ${escapeLiteral(this.#owner)} WHERE history = ${escapeLiteral(this.#history)} AND finished_at IS NULL AND fence <= ${this.#fence}`,
    );
  }

  /** Replaces the plan of a begun migration from a position on, and its checksum. */
  async replan(migration: PlannedMigration, from: number): Promise<void> {
    const { name, checksum, plan } = migration;
    const rows = plan.steps.slice(from).map((step, index) => this.#stepRow(name, step, from + index, false));
    await this.#transaction(async (run) => {
      const [count] = await run([
        this.#fenceSql(name),
        ...inChunks(rows).map(insertSteps),
        `UPDATE ${MIGRATION} SET checksum = ${escapeLiteral(checksum)}, steps = ${plan.steps.length} WHERE ${this.#at(name)}`,
      ]);
      if (count !== 1) throw lostToAnother();
    });
  }

  /** Steps are about to run for the first time, or again after the first of them had surely failed. */
  async start(name: string, steps: readonly PlanStep[], { from, to }: StepRange): Promise<void> {
    await this.#write(
      `UPDATE ${STEP} SET state = 'started', started_at = now(), finished_at = NULL, error = NULL, done_before = ${checksOf(steps, { from, to })} WHERE ${this.#at(name)} AND position BETWEEN ${from} AND ${to} AND ${this.#fenced(name)}`,
      to - from + 1,
    );
  }

  /** Steps have happened, and the next ones are about to run. */
  async finishSteps(name: string, done: FinishedSteps, next: StartingSteps | undefined): Promise<void> {
    const last = next?.range.to ?? done.range.to;
    await this.#write(this.finishStepsSql(name, done, next), last - done.range.from + 1);
  }

  /** The statement of {@link finishSteps}, for the transaction of a DML step; see {@link requireFence}. */
  finishStepsSql(name: string, { range, rows }: FinishedSteps, next: StartingSteps | undefined): string {
    const { from, to } = range;
    const isDone = `position <= ${to}`;
    const counts = [...(rows ?? [])].map(([position, count]) => `WHEN ${position} THEN ${count}`);
    const changed =
      counts.length === 0 ? "changed_rows" : `CASE position ${counts.join(" ")} ELSE changed_rows END`;
    const set =
      next === undefined
        ? `state = 'done', finished_at = now(), changed_rows = ${changed}`
        : [
            `state = CASE WHEN ${isDone} THEN 'done' ELSE 'started' END`,
            `finished_at = CASE WHEN ${isDone} THEN now() END`,
            `started_at = CASE WHEN ${isDone} THEN started_at ELSE now() END`,
            `changed_rows = CASE WHEN ${isDone} THEN ${changed} END`,
            `done_before = CASE WHEN ${isDone} THEN done_before ELSE ${checksOf(next.steps, next.range)} END`,
          ].join(", ");
    return `UPDATE ${STEP} SET ${set} WHERE ${this.#at(name)} AND position BETWEEN ${from} AND ${next?.range.to ?? to} AND ${this.#fenced(name)}`;
  }

  /**
   * Fails the transaction of a holder that has lost its migration, and makes a take-over that comes later conflict with it.
   * @throws MigrateError `DSQL_MIGRATE_LEASE_LOST`
   */
  async requireFence(
    name: string,
    client: { query(sql: string): Promise<{ rowCount: number | null }> },
  ): Promise<void> {
    if ((await client.query(this.#fenceSql(name))).rowCount !== 1) throw lostToAnother();
  }

  /** Whether the journal has a step as done. */
  async isDone(name: string, position: number): Promise<boolean> {
    const { rowCount } = await runRepeatable(
      this.#pool,
      `SELECT 1 FROM ${STEP} WHERE ${this.#at(name)} AND position = ${position} AND state = 'done'`,
    );
    return rowCount === 1;
  }

  #fenceSql(name: string): string {
    return `SELECT 1 FROM ${MIGRATION} WHERE ${this.#at(name)} AND fence = ${this.#fence} FOR UPDATE`;
  }

  /**
   * The last step has happened: the migration is applied, for the journal and for the history table, and the next one begun.
   * `finishStepSql` of a DML step is already written.
   */
  async finish(
    migration: PlannedMigration,
    last: FinishedSteps | undefined,
    table: HistoryTable | undefined,
    next: PlannedMigration | undefined,
  ): Promise<void> {
    const { name } = migration;
    await this.#transaction(async (run) => {
      const changes = [
        ...(last === undefined ? [] : [this.finishStepsSql(name, last, undefined)]),
        `UPDATE ${MIGRATION} SET finished_at = now() WHERE ${this.#at(name)} AND fence = ${this.#fence}`,
      ];
      const [begin, ...plan] = next === undefined ? [] : this.#beginSql(next, table);
      const statements = [
        ...changes,
        ...(begin === undefined ? [] : [begin]),
        ...(table === undefined ? [] : [table.finish(migration)]),
        ...plan,
      ];
      const counts = await run(statements);
      const expected = [
        ...(last === undefined ? [] : [last.range.to - last.range.from + 1]),
        1,
        ...(begin === undefined ? [] : [1]),
      ];
      if (expected.some((count, index) => counts[index] !== count)) throw lostToAnother();
    });
  }

  /** A step has surely not happened, and those before it, from a position on, have. */
  async fail(name: string, { from, to }: StepRange, message: string): Promise<void> {
    const failed = `position = ${to}`;
    await this.#write(
      `UPDATE ${STEP} SET state = CASE WHEN ${failed} THEN 'failed' ELSE 'done' END, finished_at = now(), error = CASE WHEN ${failed} THEN ${escapeLiteral(message)} END WHERE ${this.#at(name)} AND position BETWEEN ${from} AND ${to} AND ${this.#fenced(name)}`,
      to - from + 1,
    );
  }

  /** Deletes a migration's steps, in parts below DSQL's limit of rows in a transaction; none that a later holder has recorded. */
  async forgetSteps(name: string): Promise<void> {
    for (let deleted = 1; deleted > 0; ) {
      const { rowCount } = await runRepeatable(
        this.#pool,
        `DELETE FROM ${STEP} WHERE ${this.#at(name)} AND position IN (SELECT position FROM ${STEP} WHERE ${this.#at(name)} LIMIT 2000) AND NOT EXISTS (SELECT 1 FROM ${MIGRATION} AS held WHERE held.history = ${escapeLiteral(this.#history)} AND held.name = ${escapeLiteral(name)} AND held.fence > ${this.#fence})`,
      );
      deleted = rowCount ?? 0;
    }
  }

  /** A program's step is about to run: unlike a plan's, its row is made now. */
  async startRecorded(name: string, step: PlanStep, position: number): Promise<void> {
    await this.#write(
      `INSERT INTO ${STEP} (history, name, position, state, plan, done_before, started_at) SELECT ${this.#key(name)}, ${position}, 'started', ${escapeLiteral(JSON.stringify(step))}, (${checkOf(step)}), now() WHERE ${this.#fenced(name)} ON CONFLICT (history, name, position) DO UPDATE SET ${REPLACED_STEP}`,
      1,
    );
  }

  /** The entry of a program's data statement, for the transaction of that statement; see {@link requireFence}. */
  recordSql(
    name: string,
    position: number,
    step: PlanStep,
    result: string | undefined,
    rows: number | null,
  ): string {
    return `INSERT INTO ${STEP} (history, name, position, state, plan, started_at, finished_at, changed_rows, result) VALUES (${this.#key(name)}, ${position}, 'done', ${escapeLiteral(JSON.stringify(step))}, now(), now(), ${rows ?? "NULL"}, ${result === undefined ? "NULL" : escapeLiteral(result)}) ON CONFLICT (history, name, position) DO UPDATE SET ${REPLACED_STEP}`;
  }

  /** A program's statement has surely not happened. */
  async failRecorded(name: string, step: PlanStep, position: number, message: string): Promise<void> {
    await this.#write(
      `INSERT INTO ${STEP} (history, name, position, state, plan, started_at, finished_at, error) SELECT ${this.#key(name)}, ${position}, 'failed', ${escapeLiteral(JSON.stringify(step))}, now(), now(), ${escapeLiteral(message)} WHERE ${this.#fenced(name)} ON CONFLICT (history, name, position) DO UPDATE SET ${REPLACED_STEP}`,
      1,
    );
  }

  /** The statements that begin a migration; the first of them changes one row while this holder may write. */
  #beginSql(migration: PlannedMigration, table: HistoryTable | undefined): string[] {
    const { name, checksum, plan } = migration;
    const first = firstSteps(plan.steps, 0);
    const rows = plan.steps.map((step, position) =>
      this.#stepRow(name, step, position, position <= first.to),
    );
    return [
      `INSERT INTO ${MIGRATION} (history, name, checksum, fence, steps, started_at, owner) VALUES (${this.#key(name)}, ${escapeLiteral(checksum)}, ${this.#fence}, ${plan.steps.length}, now(), ${escapeLiteral(this.#owner)}) ON CONFLICT (history, name) DO UPDATE SET checksum = excluded.checksum, fence = excluded.fence, steps = excluded.steps, started_at = excluded.started_at, finished_at = NULL, owner = excluded.owner WHERE migration.fence <= excluded.fence`,
      ...inChunks(rows.slice(0, FIRST_STEPS)).map(insertSteps),
      ...(table?.begin === undefined ? [] : [table.begin(migration)]),
    ];
  }

  #stepRow(name: string, step: PlanStep, position: number, started: boolean): string {
    return `(${this.#key(name)}, ${position}, '${started ? "started" : "pending"}', ${escapeLiteral(JSON.stringify(step))}, ${started ? `(${checkOf(step)}), now()` : "NULL::boolean, NULL::timestamptz"})`;
  }

  #key(name: string): string {
    return `${escapeLiteral(this.#history)}, ${escapeLiteral(name)}`;
  }

  #at(name: string): string {
    return `history = ${escapeLiteral(this.#history)} AND name = ${escapeLiteral(name)}`;
  }

  #fenced(name: string): string {
    return `EXISTS (SELECT 1 FROM ${MIGRATION} AS held WHERE held.history = ${escapeLiteral(this.#history)} AND held.name = ${escapeLiteral(name)} AND held.fence = ${this.#fence})`;
  }

  /** Every write here is idempotent, so it is safe to repeat it after a lost response to COMMIT. */
  async #transaction(work: (run: RunCounts) => Promise<void>): Promise<void> {
    for (let lost = 0; ; lost += 1) {
      try {
        await this.#pool.transactionWithRetry((client) =>
          work(async (statements) => {
            // One message, so that the journal costs one round trip whatever it writes.
            const results = await client.query(statements.join(";\n"));
            return [results].flat().map(({ rowCount }) => rowCount ?? 0);
          }),
        );
        return;
      } catch (error) {
        if (!isLost(error) || lost >= MAX_LOST_CONNECTIONS) throw error;
      }
    }
  }

  async #write(sql: string, expectedRows: number): Promise<void> {
    const { rowCount } = await runRepeatable(this.#pool, sql);
    if (rowCount !== expectedRows) throw lostToAnother();
  }
}

/** Runs statements and returns how many rows each changed, or returned. */
type RunCounts = (statements: readonly string[]) => Promise<number[]>;

/** What the journal holds of a history's migrations. */
export async function readMigrations(pool: DsqlPool, history: string): Promise<JournalMigration[]> {
  const { rows } = await runRepeatable<{
    name: string;
    checksum: string;
    steps: number;
    steps_done: number;
    started_at: Date;
    finished_at: Date | null;
    owner: string;
  }>(
    pool,
    `SELECT name, checksum, steps, started_at, finished_at, owner, (SELECT count(*)::int FROM ${STEP} AS s WHERE s.history = m.history AND s.name = m.name AND (m.checksum = '' OR s.position < m.steps) AND s.state = 'done') AS steps_done FROM ${MIGRATION} AS m WHERE history = ${escapeLiteral(history)} ORDER BY started_at, name`,
  );
  return rows.map((row) => ({
    name: row.name,
    checksum: row.checksum,
    steps: row.steps,
    stepsDone: row.steps_done,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    owner: row.owner,
  }));
}

/** The steps of one begun migration, in order. */
export async function readSteps(pool: DsqlPool, history: string, name: string): Promise<JournalStep[]> {
  const { rows } = await runRepeatable<{
    position: number;
    state: StepState;
    plan: string;
    done_before: boolean | null;
    error: string | null;
    result: string | null;
    started_at: Date | null;
    finished_at: Date | null;
  }>(
    pool,
    `SELECT position, state, plan, done_before, error, result, started_at, finished_at FROM ${STEP} WHERE history = ${escapeLiteral(history)} AND name = ${escapeLiteral(name)} AND position < (SELECT CASE WHEN m.checksum = '' THEN 2147483647 ELSE m.steps END FROM ${MIGRATION} AS m WHERE m.history = step.history AND m.name = step.name) ORDER BY position`,
  );
  return rows.map((row) => ({
    position: row.position,
    state: row.state,
    plan: JSON.parse(row.plan) as PlanStep,
    doneBefore: row.done_before === true,
    error: row.error ?? undefined,
    result: row.result ?? undefined,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }));
}

function insertSteps(rows: readonly string[]): string {
  return `INSERT INTO ${STEP} (history, name, position, state, plan, done_before, started_at) VALUES ${rows.join(", ")} ON CONFLICT (history, name, position) DO UPDATE SET ${REPLACED_STEP}`;
}

/** What a step's catalog check is, as an expression. */
function checkOf(step: PlanStep): string {
  // A backfill's check names a column that may not exist yet; its batches can be repeated whatever it says.
  return step.done.kind === "query" && step.kind !== "backfill" ? `(${step.done.sql})` : "false";
}

/** {@link checkOf} each step of a range, by its position. */
function checksOf(steps: readonly PlanStep[], { from, to }: StepRange): string {
  if (from === to) return `(${checkOf(steps[from] as PlanStep)})`;
  const checks = steps
    .slice(from, to + 1)
    .map((step, index) => `WHEN ${from + index} THEN (${checkOf(step)})`);
  return `CASE position ${checks.join(" ")} END`;
}

function inChunks(rows: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const current = chunks.at(-1);
    if (
      current === undefined ||
      characters + row.length > CHUNK_CHARACTERS ||
      current.length >= CHUNK_STEPS
    ) {
      chunks.push([row]);
      characters = row.length;
    } else {
      current.push(row);
      characters += row.length;
    }
  }
  return chunks;
}

function lostToAnother(): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_LEASE_LOST",
    "Another process has taken over this migration because this one did not renew its lease in time. Run the deployment again: it continues from where the other stops.",
  );
}
