import type { CatalogCheck, Refusal } from "../rules/refusal.ts";
import type { TransactionRefusals } from "../rules/transaction-refusals.ts";

/** What a statement is to a transaction. */
export type StatementKind =
  | "begin"
  | "commit"
  | "rollback"
  /** Counts as DDL for "one DDL statement, and no DML beside it, in a transaction". GRANT and REVOKE do. */
  | "ddl"
  /** INSERT, UPDATE, DELETE, COPY FROM, and a SELECT that holds a data-modifying CTE. */
  | "write"
  /** SELECT with FOR UPDATE or FOR KEY SHARE anywhere in it. */
  | "locking-read"
  | "read"
  /** SET, RESET, SHOW, DISCARD, DEALLOCATE, EXPLAIN without ANALYZE, CALL and the like: neither DDL nor DML. */
  | "other";

/** A table that a statement names; positions count UTF-16 units in {@link Statement.text}. */
export interface TableReference {
  schema?: string | undefined;
  name: string;
  alias?: string | undefined;
  start: number;
  /** The target of INSERT, UPDATE, DELETE or COPY FROM, rather than a table that is only read. */
  isTarget: boolean;
}

/** One statement of a query text: what it is, how DSQL judges it, and the text that PostgreSQL is to run. */
export interface Statement extends TransactionRefusals {
  /** What the client wrote, this statement only. */
  source: string;
  /**
   * What PostgreSQL is to run: DSQL's defaults written out, its own forms turned into a call of a function or procedure
   * of `src/catalog`, which returns the rows for the client.
   */
  text: string;
  /** Where `source` begins in the whole query text, in UTF-16 units. */
  start: number;
  kind: StatementKind;
  refusal?: Refusal | undefined;
  /** Asked in this order just before the statement runs, where nothing above refuses it; the first refusal counts. */
  catalogChecks?: readonly CatalogCheck[] | undefined;
  /**
   * Tables by name, in the order of the text; names that a WITH clause defines are left out. Where `commandTag` is set
   * the positions are those of the client's own text.
   */
  tables: readonly TableReference[];
  /** PostgreSQL's parse tree (libpg-query 16: `{ SelectStmt: {…} }`) of `text`, or where `commandTag` is set of the client's. */
  tree?: unknown;
  /** The tag that CommandComplete carries where it is not PostgreSQL's own. */
  commandTag?: string | undefined;
}

/** A parsed query text: its statements, or PostgreSQL's own syntax error, for which the text is sent on as it is. */
export type ParsedQuery = { statements: readonly Statement[] } | { syntaxError: true; text: string };
