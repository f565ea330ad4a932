import type { Problem } from "./plan/step.ts";

/** The codes of a {@link MigrateError}; compare `code` rather than the class, so that a second copy of this package is harmless. */
export type MigrateErrorCode =
  | "DSQL_MIGRATE_INPUT"
  | "DSQL_MIGRATE_REFUSED"
  | "DSQL_MIGRATE_CHANGED"
  | "DSQL_MIGRATE_LOCKED"
  | "DSQL_MIGRATE_LEASE_LOST"
  | "DSQL_MIGRATE_STOPPED"
  | "DSQL_MIGRATE_FAILED";

/** The step of a deployment that failed. */
export interface StepReference {
  migration: string;
  /** The step's position in the migration, from 0. */
  position: number;
  /** The statement that was sent, or would have been sent. */
  sql: string;
}

/** An error of this package: a stable `code`, a message that says what to do, and the original error as `cause`. */
export class MigrateError extends Error {
  override readonly name = "MigrateError";
  readonly code: MigrateErrorCode;
  /** The step that failed, for `DSQL_MIGRATE_FAILED`. */
  readonly step: StepReference | undefined;
  /** The planner's problems, for `DSQL_MIGRATE_REFUSED`. */
  readonly problems: readonly Problem[];

  constructor(
    code: MigrateErrorCode,
    message: string,
    options: ErrorOptions & { step?: StepReference; problems?: readonly Problem[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.step = options.step;
    this.problems = options.problems ?? [];
  }
}
