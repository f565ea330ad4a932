import type { LockingRead } from "../conflicts/locking-read.ts";
import type { Statement } from "../sql/statement.ts";
import type { CopySource } from "./copy-source.ts";

/** Bytes for PostgreSQL that end in one Query or Sync. */
export interface Request {
  bytes: Buffer;
  /**
   * For each Parse and Close among them, whether its answer is the endpoint's own affair. Left out: none is.
   */
  ownAnswers?: readonly boolean[];
}

/** One statement to run, whichever protocol it came by. */
export interface Work {
  statement: Statement;
  /** The rows that the statement reads for a lock, where it is a locking read. */
  locking?: LockingRead;
  /** Gathers the rows of COPY FROM STDIN. */
  copy: CopySource;
  /** How it goes to PostgreSQL; `again` where it has been sent before and failed. */
  request(again: boolean): Request;
  /** The same for a transaction that works on copies of the tables. */
  sandboxed(again: boolean): Request;
  /** How its success is told where PostgreSQL was not asked. */
  completion(tag: string): Buffer;
}
