import { mergeRetryOptions, type RetryOptions } from "dsql-core";
import { olderPrisma } from "../older-prisma.ts";

/** How long an attempt of an interactive or batch transaction may take, in milliseconds. */
export interface TransactionTimes {
  maxWait?: number | undefined;
  timeout?: number | undefined;
}

/** Prisma's defaults; a client does not show whether they were set explicitly. */
const PRISMA_DEFAULTS: Required<TransactionTimes> = { maxWait: 2000, timeout: 5000 };
const DEFAULT_DEADLINE_MS = 240_000;
/** DSQL ends a transaction after 300 s; this leaves time for the ROLLBACK. */
const LONGEST_MS = 290_000;

/** Where Prisma keeps the options of a client; its types do not show it. */
interface ClientInternals {
  _clientVersion?: string;
  _engineConfig?: { adapter?: { retryOptions?: RetryOptions }; transactionOptions?: TransactionTimes };
}

/** The extension's retry options merged over those of the pool, if the client's adapter is PrismaDsql. */
export function retryDefaultsOf(client: unknown, own: RetryOptions): RetryOptions {
  const { _clientVersion = "7" } = client as ClientInternals;
  if (Number.parseInt(_clientVersion, 10) < 7) throw olderPrisma("@prisma/client");
  return mergeRetryOptions((client as ClientInternals)._engineConfig?.adapter?.retryOptions, own);
}

/**
 * The times of one attempt: the call's, else the client's `transactionOptions`, else the time of all attempts.
 * Prisma's default times are ignored: they would end an attempt that only waits for a connection.
 */
export function timesOf(client: unknown, given: TransactionTimes, deadlineMs = DEFAULT_DEADLINE_MS) {
  const clients = (client as ClientInternals)._engineConfig?.transactionOptions;
  const time = (name: keyof TransactionTimes) => {
    const chosen = clients?.[name] === PRISMA_DEFAULTS[name] ? undefined : clients?.[name];
    return given[name] ?? chosen ?? Math.min(deadlineMs, LONGEST_MS);
  };
  return { maxWait: time("maxWait"), timeout: time("timeout") };
}
