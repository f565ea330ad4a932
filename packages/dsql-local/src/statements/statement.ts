import type { CatalogCheck, Refusal } from "../rules/refusal.ts";
import type { TransactionRefusals } from "../rules/transaction-refusals.ts";

/** The kind of a statement, as the rules of transactions distinguish it. */
export type StatementKind =
  | "begin"
  | "commit"
  | "rollback"
  /** Counts as DDL for "one DDL statement, and no DML beside it, in a transaction". GRANT and REVOKE do. */
  | "ddl"
  /** INSERT, UPDATE, DELETE, COPY FROM, and a SELECT with a data-modifying CTE. */
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

/** One statement of a query text: its kind, whether DSQL accepts it, and the text for PostgreSQL. */
export interface Statement extends TransactionRefusals {
  /** The client's text of this statement. */
  source: string;
  /**
   * The text for PostgreSQL: DSQL's defaults written out, its own syntax translated to a call of a function or procedure
   * of `src/catalog`, which returns the rows for the client.
   */
  text: string;
  /** Where `source` begins in the whole query text, in UTF-16 units. */
  start: number;
  kind: StatementKind;
  refusal?: Refusal | undefined;
  /** Called in this order just before the statement runs, unless it is refused already; the first refusal counts. */
  catalogChecks?: readonly CatalogCheck[] | undefined;
  /**
   * Tables by name, in the order of the text; without those that a WITH clause defines. If `commandTag` is set,
   * the positions refer to the client's own text.
   */
  tables: readonly TableReference[];
  /** PostgreSQL's parse tree (libpg-query 16: `{ SelectStmt: {…} }`) of `text`, or of the client's text if `commandTag` is set. */
  tree?: unknown;
  /** The tag of CommandComplete, if it is not PostgreSQL's own. */
  commandTag?: string | undefined;
}

/** A parsed query text: its statements, or PostgreSQL's own syntax error, for which the text is sent on unchanged. */
export type ParsedQuery = { statements: readonly Statement[] } | { syntaxError: true; text: string };
