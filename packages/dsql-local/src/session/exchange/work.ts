import type { LockingRead } from "../../conflicts/locking-read.ts";
import type { Statement } from "../../statements/statement.ts";
import type { BackendResponse, Pace, Request } from "./backend-turn.ts";
import type { CopySource } from "./copy-source.ts";

/** How a statement goes to PostgreSQL. */
export interface RequestForm {
  /** It has been sent before, and failed. */
  again: boolean;
  /** Its locks are left to PostgreSQL, which has refused the form that tells which rows they meant. */
  plain: boolean;
}

/** How a statement is sent the first time. */
export const FIRST_TIME: RequestForm = { again: false, plain: false };
/** How often a statement is sent that meets deadlocks. */
export const MAX_RUNS = 50;

/** One statement to run, whichever protocol it came by. */
export interface Work {
  statement: Statement;
  /** The rows that the statement reads for a lock, where it is a locking read. */
  locking?: LockingRead | undefined;
  /** Gathers the rows of COPY FROM STDIN. */
  copy: CopySource;
  request(form: RequestForm): Request;
  /** Sends it the first time, and forwards the responses to the client as they come. */
  stream(pace: Pace): Promise<BackendResponse>;
  /** The same for a transaction that works on copies of tables. */
  sandboxed(form: RequestForm, isCopied: (schema: string, table: string) => boolean): Request;
}
