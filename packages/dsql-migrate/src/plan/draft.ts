import type { ParsedStatement } from "./sql/parse.ts";
import type { Backfill, Change, DoneCheck, StepJob, StepKind } from "./step.ts";

/** A step before the whole text has been read: a later statement may still change it. */
export interface Draft {
  statement: ParsedStatement;
  sql: () => string;
  kind: StepKind;
  changes: Change[];
  safeToRepeat: boolean;
  done: DoneCheck;
  job?: StepJob;
  backfill?: Backfill;
}

/** What describes a step besides its SQL. */
export type StepFacts = Pick<Draft, "kind" | "done"> &
  Partial<Pick<Draft, "safeToRepeat" | "job" | "backfill">>;

/** A range of the text. */
export interface Range {
  start: number;
  end: number;
}
