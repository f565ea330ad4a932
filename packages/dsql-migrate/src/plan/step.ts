/** What a step is: one schema change, one data change, one that starts an asynchronous job, or a data change in batches. */
export type StepKind = "ddl" | "dml" | "async-job" | "backfill";

/** Where a statement, or a part of it, stands in the SQL text that was planned. */
export interface SourceLocation {
  /** The file's name, as given in {@link PlanOptions.file}. */
  file?: string | undefined;
  /** The line, from 1. */
  line: number;
  /** The column in UTF-16 units, from 1. */
  column: number;
  /** The offset from the text's beginning in UTF-16 units, as `String.prototype.slice` takes it. */
  offset: number;
  /** The length in UTF-16 units. */
  length: number;
}

/** One thing that was changed in a statement so that DSQL accepts it. */
export interface Change {
  /** The rule's id, listed in docs/migrations-support.md. */
  rule: string;
  /** What was changed and why, in one sentence. */
  message: string;
  /** The page that documents it. */
  docs?: string | undefined;
}

/**
 * How to tell that a step has already happened.
 *
 * - `query`: run `sql`; it returns one row with one boolean column, `done`.
 * - `repeatable`: running the step once more leaves the same end state (`IF NOT EXISTS`, a `GRANT`).
 * - `journal-only`: the catalog cannot tell, because `reason`; the step must share a transaction with its journal entry.
 *
 * An `additive` step removes nothing, and what it creates stays until a step that is not additive removes it. The journal is
 * written once for a run of such steps: the catalog shows which of them have happened.
 */
export type DoneCheck =
  | { kind: "query"; sql: string; additive?: boolean }
  | { kind: "repeatable"; additive?: boolean }
  | { kind: "journal-only"; reason: string };

/** The asynchronous job that a step starts; its names find an invalid index or constraint after a failure. */
export interface StepJob {
  kind: "index" | "constraint";
  /** The schema that the statement names; without one, the search path decides. */
  schema?: string | undefined;
  table?: string | undefined;
  /** The name of the index or constraint. */
  name?: string | undefined;
}

/** A data change that is repeated in batches until no rows are left. */
export interface Backfill {
  /** The table's name, quoted, with its schema if the statement gave one. */
  table: string;
  /** Changes one batch; repeat it, each time in its own transaction, until it changes 0 rows. */
  batchSql: string;
  /** The most rows that a batch changes, below DSQL's limit of 3,000 a transaction. */
  batchRows: number;
  /** Returns one row with one bigint column, `remaining`: how many rows are left. */
  remainingSql: string;
}

/** One statement that DSQL accepts. */
export interface PlanStep {
  /** Its position in the plan, from 0. */
  index: number;
  /** Exactly one statement, without a closing semicolon. For a backfill, `backfill.batchSql`. */
  sql: string;
  kind: StepKind;
  /** The statement that it was made from. */
  source: SourceLocation;
  /** That statement as it was written. */
  original: string;
  /** What was changed and why; empty if the statement stands as written. */
  changes: Change[];
  /** Whether the step may be run when it has already run: it leaves the same end state and raises no error. */
  safeToRepeat: boolean;
  /** How to tell that it has already happened. */
  done: DoneCheck;
  /** Set for kind `async-job`: the statement returns one row with the column `job_id`. */
  job?: StepJob | undefined;
  /** Set for kind `backfill`. */
  backfill?: Backfill | undefined;
}

/** An `error` keeps the whole plan from being applied; a `warning` and an `info` do not. */
export type Severity = "error" | "warning" | "info";

/** Something in a migration that DSQL refuses, or that a person should know about before it runs. */
export interface Problem {
  /** The rule's id, listed in docs/migrations-support.md. */
  rule: string;
  severity: Severity;
  /** What is wrong, in one sentence. */
  message: string;
  /** What to write instead. */
  advice: string;
  /** The page that documents it. */
  docs: string;
  source: SourceLocation;
}

/** What a migration becomes on DSQL. */
export interface MigrationPlan {
  /** The steps in the order in which they run. Empty when `ok` is false: nothing of a refused migration runs. */
  steps: PlanStep[];
  /** In the order of the text. */
  problems: Problem[];
  /** Whether the plan may be applied: true if no problem is an error. */
  ok: boolean;
}
