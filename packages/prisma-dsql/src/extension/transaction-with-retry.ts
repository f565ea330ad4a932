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
import { asRequestError } from "../adapter/request-errors.ts";
import { retryDefaultsOf, type TransactionTimes, timesOf } from "./client-settings.ts";

/** How a transaction is retried, and how long each of its attempts may take. */
export interface PrismaTransactionOptions extends TransactionOptions {
  /**
   * Milliseconds that an attempt waits for a connection; the pool's `connectionTimeoutMillis` ends the wait too.
   * @default the client's `transactionOptions`, or `deadlineMs` if that is Prisma's default of 2000
   */
  maxWait?: number | undefined;
  /**
   * Milliseconds after which Prisma rolls an attempt back.
   * @default the client's `transactionOptions`, or `deadlineMs`, at most 290_000, if that is Prisma's default of 5000
   */
  timeout?: number | undefined;
}

/** Options of a batch; a batch of one operation has no BEGIN. */
export type PrismaBatchOptions = Omit<PrismaTransactionOptions, "readOnly">;

/** The client inside a transaction: that of `$transaction`, but it cannot be nested. */
export type TransactionClientOf<Client> = Omit<
  Client,
  ITXClientDenyList | "$transaction" | "transactionWithRetry"
>;

/** `never` instead of absent, so that the client is also a `Prisma.TransactionClient`, whose `$transaction` DSQL cannot run. */
interface WithoutNesting {
  /** DSQL has no savepoints: a transaction cannot be nested. */
  readonly $transaction: never;
}

/** The argument of an interactive transaction's work; also a `Prisma.TransactionClient` if the client has no extensions. */
export type RetriedTransactionClient<Client> = TransactionClientOf<Client> & WithoutNesting;

type Promises = Types.Public.PrismaPromise<unknown>[];
type Work = (transaction: never) => Promise<unknown>;

/** A client outside a transaction. */
interface TopLevelClient {
  $connect: unknown;
  $transaction: unknown;
}

/** What `prisma.$extends(dsql())` adds to a client. */
export interface TransactionWithRetry {
  /**
   * Runs an interactive transaction, and retries all of it, in a new transaction, after a conflict or after a connection
   * lost before COMMIT. The callback may run several times: don't send email or charge cards inside it.
   * @throws PrismaClientKnownRequestError with code P2034 when it still conflicts and attempts or time have run out; `dsqlErrorOf` returns the OccRetryExhaustedError
   * @throws PrismaClientKnownRequestError with code DSQL_COMMIT_OUTCOME_UNKNOWN when COMMIT got no response
   * @throws NestedTransactionError inside a transaction, before anything is sent
   * @throws DsqlConfigError for an invalid option; `readOnly` needs the adapter PrismaDsql
   */
  <Client, Result>(
    this: Client,
    work: (transaction: RetriedTransactionClient<Client>) => Promise<Result>,
    options?: PrismaTransactionOptions,
  ): Promise<Result>;
  /** Runs a batch transaction, and retries all its operations after a conflict or a connection lost before COMMIT. */
  <const Operations extends Promises>(
    operations: [...Operations],
    options?: PrismaBatchOptions,
  ): Promise<Types.Utils.UnwrapTuple<Operations>>;
}

/**
 * Runs an interactive transaction of a client, and retries all of it, in a new transaction, after a conflict or after a
 * connection lost before COMMIT. The client needs no extension, and so stays a `PrismaClient` for code that takes one;
 * that of `$extends(dsql(...))` keeps its options. The callback may run several times: don't send email or charge cards
 * inside it.
 * @throws PrismaClientKnownRequestError with code P2034 when it still conflicts and attempts or time have run out; `dsqlErrorOf` returns the OccRetryExhaustedError
 * @throws PrismaClientKnownRequestError with code DSQL_COMMIT_OUTCOME_UNKNOWN when COMMIT got no response
 * @throws NestedTransactionError inside a transaction, before anything is sent
 * @throws DsqlConfigError for an invalid option; `readOnly` needs the adapter PrismaDsql
 */
export function transactionWithRetry<Client extends TopLevelClient, Result>(
  prisma: Client,
  work: (transaction: RetriedTransactionClient<Client>) => Promise<Result>,
  options?: PrismaTransactionOptions,
): Promise<Result>;
/** Runs a batch transaction, and retries all its operations after a conflict or a connection lost before COMMIT. */
export function transactionWithRetry<const Operations extends Promises>(
  prisma: TopLevelClient,
  operations: [...Operations],
  options?: PrismaBatchOptions,
): Promise<Types.Utils.UnwrapTuple<Operations>>;
export async function transactionWithRetry(
  prisma: object,
  work: Promises | Work,
  options?: PrismaTransactionOptions,
): Promise<unknown> {
  const { transactionWithRetry: method } = prisma as { transactionWithRetry?: unknown };
  if (typeof method === "function") return await method.call(prisma, work, options);
  return await run(topLevelClient(prisma), retryDefaultsOf(prisma, {}), work, options);
}

/** The client method, with the extension's retry options. */
export function transactionWithRetryMethod(defaults: RetryOptions): TransactionWithRetry {
  return async function (this: unknown, work: Promises | Work, options?: PrismaTransactionOptions) {
    return (await run(topLevelClient(Prisma.getExtensionContext(this)), defaults, work, options)) as never;
  };
}

interface Client {
  $connect?: unknown;
  $transaction(work: unknown, options: TransactionTimes): Promise<unknown>;
}

async function run(
  client: Client,
  defaults: RetryOptions,
  work: Promises | Work,
  { maxWait, timeout, ...retry }: PrismaTransactionOptions = {},
): Promise<unknown> {
  const options = mergeRetryOptions(defaults, retry);
  const times = timesOf(client, { maxWait, timeout }, options.deadlineMs);
  if (typeof work !== "function") {
    if (retry.readOnly)
      throw new DsqlConfigError("readOnly needs a callback: a batch of one operation has no BEGIN.");
    return await retryTransaction(() => client.$transaction(work, times), options).catch(rethrowExhaustion);
  }
  const attempt = retry.readOnly ? readOnlyAttempt : readWriteAttempt;
  return await retryTransaction(
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
  ).catch(rethrowExhaustion);
}

/** In the form that a single operation has after its last retry, so that one filter catches both. */
function rethrowExhaustion(error: unknown): never {
  const isExhaustion =
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "DSQL_OCC_RETRY_EXHAUSTED";
  throw isExhaustion ? asRequestError(error) : error;
}

/** The client of an interactive transaction is one without the members of ITXClientDenyList. */
function topLevelClient(given: unknown): Client {
  const client = given as Client;
  if (client.$connect !== undefined) return client;
  throw new NestedTransactionError(
    "transactionWithRetry was called inside a transaction, which DSQL cannot nest because it has no savepoints: use the client of the open transaction.",
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
