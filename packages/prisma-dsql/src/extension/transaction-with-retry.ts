import { Prisma } from "@prisma/client/extension";
import type { ITXClientDenyList, Types } from "@prisma/client/runtime/client";
import {
  DsqlConfigError,
  mergeRetryOptions,
  NestedTransactionError,
  type RetryOptions,
  retryTransaction,
  type TransactionOptions,
} from "dsql-core";
import { startReadOnly } from "../adapter/read-only.ts";
import { type TransactionTimes, timesOf } from "./client-settings.ts";

/** How a transaction is retried, and how long each of its attempts may take. */
export interface PrismaTransactionOptions extends TransactionOptions {
  /**
   * Milliseconds that an attempt waits for a connection; the pool's `connectionTimeoutMillis` ends the wait too.
   * @default the client's `transactionOptions`, or `deadlineMs` where those are Prisma's own 2000
   */
  maxWait?: number | undefined;
  /**
   * Milliseconds after which Prisma rolls an attempt back.
   * @default the client's `transactionOptions`, or `deadlineMs`, at most 290_000, where those are Prisma's own 5000
   */
  timeout?: number | undefined;
}

/** The client inside a transaction: what `$transaction` gives, without a way to nest. */
export type TransactionClientOf<Client> = Omit<Client, ITXClientDenyList | "transactionWithRetry">;

type Promises = Types.Public.PrismaPromise<unknown>[];
type Work = (transaction: never) => Promise<unknown>;

/** What `prisma.$extends(dsql())` adds to a client. */
export interface TransactionWithRetry {
  /**
   * Runs an interactive transaction, and runs the callback again, in a new transaction, after a conflict or after a
   * connection lost before COMMIT. The callback may run several times: keep other side effects out of it.
   * @throws OccRetryExhaustedError when attempts or time end in a conflict
   * @throws PrismaClientKnownRequestError with code DSQL_COMMIT_OUTCOME_UNKNOWN when the answer to COMMIT never came
   * @throws NestedTransactionError inside a transaction, before anything is sent
   * @throws DsqlConfigError for an option that cannot be used; `readOnly` needs the adapter PrismaDsql
   */
  <Client, Result>(
    this: Client,
    work: (transaction: TransactionClientOf<Client>) => Promise<Result>,
    options?: PrismaTransactionOptions,
  ): Promise<Result>;
  /** Runs a batch transaction, and runs all its operations again after a conflict or a connection lost before COMMIT. */
  <const Operations extends Promises>(
    operations: [...Operations],
    options?: Omit<PrismaTransactionOptions, "readOnly">,
  ): Promise<Types.Utils.UnwrapTuple<Operations>>;
}

interface Client {
  $connect?: unknown;
  $transaction(work: unknown, options: TransactionTimes): Promise<unknown>;
}

/** The client method, with the retry options that the extension was given. */
export function transactionWithRetry(defaults: RetryOptions): TransactionWithRetry {
  return async function (
    this: unknown,
    work: Promises | Work,
    { maxWait, timeout, ...retry }: PrismaTransactionOptions = {},
  ): Promise<never> {
    const client = topLevelClient(this);
    const options = mergeRetryOptions(defaults, retry);
    const times = timesOf(client, { maxWait, timeout }, options.deadlineMs);
    if (typeof work === "function") {
      const attempt = retry.readOnly ? readOnlyAttempt : readWriteAttempt;
      return (await retryTransaction<unknown>(
        (_number, remember, begun) =>
          attempt(
            client,
            async (tx, inside) => {
              begun();
              return remember(await inside(() => work(tx)));
            },
            times,
          ),
        options,
        work,
      )) as never;
    }
    if (retry.readOnly)
      throw new DsqlConfigError("readOnly takes a callback: a batch of one operation has no BEGIN.");
    return (await retryTransaction<unknown>(() => client.$transaction(work, times), options)) as never;
  };
}

/** The client of an interactive transaction is one without the members of ITXClientDenyList. */
function topLevelClient(self: unknown): Client {
  const client = Prisma.getExtensionContext(self) as Client;
  if (client.$connect !== undefined) return client;
  throw new NestedTransactionError(
    "transactionWithRetry was called inside a transaction, and DSQL has no savepoints to nest with: use the transaction's own client.",
  );
}

type Inside = <Result>(work: () => Result) => Result;
type Attempt = (transaction: never, inside: Inside) => Promise<unknown>;

function readWriteAttempt(client: Client, attempt: Attempt, times: TransactionTimes): Promise<unknown> {
  return client.$transaction((transaction: never) => attempt(transaction, (work) => work()), times);
}

function readOnlyAttempt(client: Client, attempt: Attempt, times: TransactionTimes): Promise<unknown> {
  return startReadOnly((inside) =>
    client.$transaction((transaction: never) => attempt(transaction, inside), times),
  );
}
