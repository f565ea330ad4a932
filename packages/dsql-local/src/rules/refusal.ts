/** The error for a statement that DSQL refuses, and what the log adds to it. */
export interface Refusal {
  sqlstate: string;
  message: string;
  detail?: string | undefined;
  hint?: string | undefined;
  /** The rule's name, kebab-case, as the log prints it. */
  rule: string;
  /** What to write instead, one sentence. */
  advice?: string | undefined;
  /** The page of the DSQL user guide that documents the rule. */
  documentation?: string | undefined;
  /** FATAL ends the session; ERROR (the default) aborts an open transaction. */
  severity?: "ERROR" | "FATAL" | undefined;
}

/** Queries the catalog in the session's transaction; rows as text. */
export interface CatalogQuery {
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
}

/** A check that needs more than the statement's text: whether a table has 24 indexes, what type a column has. */
export type CatalogCheck = (catalog: CatalogQuery) => Promise<Refusal | undefined>;
