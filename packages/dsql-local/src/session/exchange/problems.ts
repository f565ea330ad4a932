import type { ErrorFields } from "../../wire/error-fields.ts";

/** An error for the client; its severity is ERROR where none is given. */
export type Problem = Omit<ErrorFields, "severity"> & { severity?: string | undefined };

/** Errors of DSQL's own; their texts are those of recordings of a cluster and of the user guide. */
export const DATA_CONFLICT: Problem = {
  sqlstate: "40001",
  message: "change conflicts with another transaction (OC000)",
};
export const SCHEMA_CONFLICT: Problem = {
  sqlstate: "40001",
  message: "schema has been updated by another transaction (OC001)",
};
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

/** PostgreSQL reads what the endpoint's own parser does not, which must not happen. */
export const UNREADABLE: Problem = {
  sqlstate: "XX000",
  message: "the local endpoint cannot read this statement",
};

const wholeMegabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);

export function tooLarge(bytes: number, limitBytes: number): Problem {
  const limit = wholeMegabytes(limitBytes);
  return {
    sqlstate: "54000",
    message: `transaction size limit ${limit}mb exceeded`,
    detail: `Current transaction size ${wholeMegabytes(bytes)}mb > ${limit}mb`,
  };
}

export function tooOld(ageMs: number, limitMs: number): Problem {
  const limit = Math.floor(limitMs / 1000);
  return {
    sqlstate: "54000",
    message: `transaction age limit of ${limit}s exceeded`,
    detail: `Current transaction age ${Math.floor(ageMs / 1000)}s exceeds ${limit}s`,
  };
}

/** Another transaction was in the way, and nothing has been decided by that: the statement can simply be run again. */
export function isTransient({ sqlstate, message }: Pick<ErrorFields, "sqlstate" | "message">): boolean {
  if (sqlstate === "40P01" || sqlstate === "55P03") return true;
  // A race of PostgreSQL's own, between ROLLBACK TO SAVEPOINT of one session and locks of two others on the same row.
  return sqlstate === "XX000" && message.startsWith("new multixact has more than one updating member");
}

/** PostgreSQL's error to DDL as DSQL would have put it: what it meets is another session's DDL. */
export function ddlProblemOf(error: ErrorFields): Problem {
  if (error.sqlstate === "23505" && error.schema === "pg_catalog") return SCHEMA_CONFLICT;
  const problem = problemOf(error);
  return problem === DATA_CONFLICT ? SCHEMA_CONFLICT : problem;
}

/** PostgreSQL's error as DSQL would have put it; the same object where that is no different. */
export function problemOf(error: ErrorFields): Problem {
  switch (error.sqlstate) {
    case "40001":
    case "40P01":
    case "55P03":
      return DATA_CONFLICT;
    case "54000":
      if (/^index row (?:size|requires)/.test(error.message)) return KEY_TOO_LARGE;
      return error.message === TOO_MANY_ROWS.message ? TOO_MANY_ROWS : error;
    case "53400":
      return /temp_file_limit/.test(error.message) ? TOO_MUCH_TEMP_SPACE : error;
    case "XX000":
      // Two sessions changed one catalog row, which PostgreSQL does not lock for them.
      return /^tuple concurrently (?:updated|deleted)$/.test(error.message) ? SCHEMA_CONFLICT : error;
    default:
      return error;
  }
}
