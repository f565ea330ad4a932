import type { ErrorFields } from "../../wire/error-fields.ts";

/**
 * An error for the client; its severity is ERROR by default. The texts are from recordings of a cluster and from the user
 * guide.
 */
export type Problem = Omit<ErrorFields, "severity"> & { severity?: string | undefined };

export const DATA_CONFLICT: Problem = {
  sqlstate: "40001",
  message: "change conflicts with another transaction (OC000)",
};
export const SCHEMA_CONFLICT: Problem = {
  sqlstate: "40001",
  message: "schema has been updated by another transaction (OC001)",
};
/** The response to a statement in a transaction in which a previous one has failed. */
export const ABORTED: Problem = {
  sqlstate: "25P02",
  message: "current transaction is aborted, commands ignored until end of transaction block",
};
const KEY_TOO_LARGE: Problem = { sqlstate: "54000", message: "key size too large" };
const TOO_MUCH_TEMP_SPACE: Problem = {
  sqlstate: "54000",
  message: "query requires more than allowed temp space of 131072 KB to execute",
};
export const TOO_MANY_ROWS: Problem = { sqlstate: "54000", message: "transaction row limit exceeded" };

/** For a statement that PostgreSQL accepts but the endpoint's parser cannot read, which should never happen. */
export const UNREADABLE: Problem = {
  sqlstate: "XX000",
  message: "the local endpoint cannot read this statement",
};

const wholeMegabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);

/** A transaction has written more than its limit. */
export function tooLarge(bytes: number, limitBytes: number): Problem {
  const limit = wholeMegabytes(limitBytes);
  return {
    sqlstate: "54000",
    message: `transaction size limit ${limit}mb exceeded`,
    detail: `Current transaction size ${wholeMegabytes(bytes)}mb > ${limit}mb`,
  };
}

/** A transaction has been open longer than its limit. */
export function tooOld(ageMs: number, limitMs: number): Problem {
  const limit = Math.floor(limitMs / 1000);
  return {
    sqlstate: "54000",
    message: `transaction age limit of ${limit}s exceeded`,
    detail: `Current transaction age ${Math.floor(ageMs / 1000)}s exceeds ${limit}s`,
  };
}

/** PostgreSQL's errors for a transaction or a statement that has met another one's locks. */
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const LOCK_NOT_AVAILABLE = "55P03";

/** Whether PostgreSQL refused a statement only because of another transaction's locks, which is not a conflict yet: the statement can be retried. */
export function isTransient({ sqlstate, message }: Pick<ErrorFields, "sqlstate" | "message">): boolean {
  if (sqlstate === DEADLOCK_DETECTED || sqlstate === LOCK_NOT_AVAILABLE) return true;
  // A race in PostgreSQL itself, between ROLLBACK TO SAVEPOINT of one session and locks of two others on the same row.
  return sqlstate === "XX000" && message.startsWith("new multixact has more than one updating member");
}

/** DSQL's error for PostgreSQL's error to a DDL statement: a conflict is with another session's DDL. */
export function ddlProblemOf(error: ErrorFields): Problem {
  // A row of the catalog that another session has just inserted.
  if (error.sqlstate === "23505" && error.schema === "pg_catalog") return SCHEMA_CONFLICT;
  const problem = problemOf(error);
  return problem === DATA_CONFLICT ? SCHEMA_CONFLICT : problem;
}

/** DSQL's error for one of PostgreSQL's; the same object if DSQL sends it unchanged. */
export function problemOf(error: ErrorFields): Problem {
  switch (error.sqlstate) {
    case SERIALIZATION_FAILURE:
    case DEADLOCK_DETECTED:
    case LOCK_NOT_AVAILABLE:
      return DATA_CONFLICT;
    case "54000":
      // PostgreSQL's own limit on a key, and the row limit, which a trigger of the endpoint raises with DSQL's text.
      if (/^index row (?:size|requires)/.test(error.message)) return KEY_TOO_LARGE;
      return error.message === TOO_MANY_ROWS.message ? TOO_MANY_ROWS : error;
    case "53400":
      return /temp_file_limit/.test(error.message) ? TOO_MUCH_TEMP_SPACE : error;
    case "XX000":
      // Two sessions changed the same catalog row at the same time; PostgreSQL does not make them wait for each other.
      return /^tuple concurrently (?:updated|deleted)$/.test(error.message) ? SCHEMA_CONFLICT : error;
    default:
      return error;
  }
}
