import type { LockingRead } from "../../conflicts/locking-read.ts";
import type { Statement } from "../../statements/statement.ts";
import type { BackendResponse, Pace, Request } from "./backend-turn.ts";
import type { CopySource } from "./copy-source.ts";

/** How a statement is sent to PostgreSQL. */
export interface RequestForm {
  /** Whether it was sent before and failed. */
  again: boolean;
  /** Whether to send it as the client wrote it: for a locking read that PostgreSQL refuses in the form that reports the rows. */
  plain: boolean;
}

/** How a statement is sent the first time. */
export const FIRST_TIME: RequestForm = { again: false, plain: false };
/** Maximum number of times that a statement that meets deadlocks is sent. */
export const MAX_RUNS = 50;

/** One statement to run, whichever protocol it arrived by. */
export interface Work {
  statement: Statement;
  /** Set if the statement is a locking read (FOR UPDATE, FOR KEY SHARE): its form without locks, which reports the rows. */
  locking?: LockingRead | undefined;
  /** Gathers the rows of COPY FROM STDIN. */
  copy: CopySource;
  /** The messages that run it. */
  request(form: RequestForm): Request;
  /** Sends it for the first time, and forwards the responses to the client as they arrive. */
  stream(pace: Pace): Promise<BackendResponse>;
  /** The messages that run it in a transaction that works on copies of its tables; `isCopied` says which tables are copied. */
  sandboxed(form: RequestForm, isCopied: (schema: string, table: string) => boolean): Request;
}
