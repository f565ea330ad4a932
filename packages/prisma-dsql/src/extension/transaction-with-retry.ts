import { Prisma } from "@prisma/client/extension";
import type { ITXClientDenyList, Types } from "@prisma/client/runtime/client";
import { NestedTransactionError, retryTransaction, type TransactionOptions } from "dsql-core";

/** How a transaction is retried, and how long each of its attempts may take. */
export interface PrismaTransactionOptions extends Omit<TransactionOptions, "readOnly"> {
  /** Milliseconds that an attempt waits for a connection. @default that of the client, 2000 */
  maxWait?: number;
  /** Milliseconds after which Prisma rolls an attempt back. @default that of the client, 5000 */
  timeout?: number;
}

/** The client inside a transaction: what `$transaction` gives, without a way to nest. */
export type TransactionClientOf<Client> = Omit<Client, ITXClientDenyList | "transactionWithRetry">;

type Promises = Types.Public.PrismaPromise<unknown>[];

/** What `prisma.$extends(dsql())` adds to a client. */
export interface TransactionWithRetry {
  /**
   * Runs an interactive transaction, and runs the callback again, in a new transaction, after a conflict or after a
   * connection lost before COMMIT. The callback may run several times: keep other side effects out of it.
   * @throws OccRetryExhaustedError when attempts or time end in a conflict
   * @throws PrismaClientKnownRequestError with code DSQL_COMMIT_OUTCOME_UNKNOWN when the answer to COMMIT never came
   * @throws NestedTransactionError inside a transaction, before anything is sent
   */
  <Client, Result>(
    this: Client,
    work: (transaction: TransactionClientOf<Client>) => Promise<Result>,
    options?: PrismaTransactionOptions,
  ): Promise<Result>;
  /** Runs a batch transaction, and runs all its operations again after a conflict or a connection lost before COMMIT. */
  <const Operations extends Promises>(
    operations: [...Operations],
    options?: PrismaTransactionOptions,
  ): Promise<Types.Utils.UnwrapTuple<Operations>>;
}

interface Client {
  $connect?: unknown;
  $transaction(work: unknown, options: TransactionTimes): Promise<unknown>;
}

interface TransactionTimes {
  maxWait?: number;
  timeout?: number;
}

/** The client method, with the retry options that the extension was given. */
export function transactionWithRetry(defaults: TransactionOptions): TransactionWithRetry {
  return async function (
    this: unknown,
    work: Promises | ((transaction: never) => Promise<unknown>),
    options: PrismaTransactionOptions = {},
  ): Promise<never> {
    const client = Prisma.getExtensionContext(this) as Client;
    // The client of an interactive transaction is one without the members of ITXClientDenyList.
    if (client.$connect === undefined) {
      throw new NestedTransactionError(
        "transactionWithRetry was called inside a transaction, and DSQL has no savepoints to nest with: use the transaction's own client.",
      );
    }
    const { maxWait, timeout, ...retry } = options;
    const times: TransactionTimes = { ...(maxWait && { maxWait }), ...(timeout && { timeout }) };
    const result = await retryTransaction(
      (_attempt, remember) =>
        typeof work === "function"
          ? client.$transaction(async (transaction: never) => remember(await work(transaction)), times)
          : client.$transaction(work, times),
      { ...defaults, ...retry },
      typeof work === "function" ? work : undefined,
    );
    return result as never;
  };
}
