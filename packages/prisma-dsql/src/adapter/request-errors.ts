import { Prisma } from "@prisma/client/extension";
import { PrismaClientKnownRequestError } from "@prisma/client/runtime/client";
import { DriverAdapterError, isDriverAdapterError } from "@prisma/driver-adapter-utils";
import { type DsqlError, type DsqlErrorCode, failureOf, lastConflictOf } from "dsql-core";
import { isDsqlError } from "./dsql-error-of.ts";

type Payload = DriverAdapterError["cause"];

/** Prisma's own code if it has one for the same failure; otherwise the error keeps the code of the DsqlError. */
const prismaCodes: Partial<Record<DsqlErrorCode, string>> = {
  DSQL_CONNECTION_LOST: "P1017",
  DSQL_POOL_TIMEOUT: "P2024",
  DSQL_NESTED_TRANSACTION: "P2028",
  DSQL_OCC_RETRY_EXHAUSTED: "P2034",
};

/** Limits of one transaction, by the text of SQLSTATE 54000 (Aurora DSQL user guide, "Quotas", read 2026-11-21). */
const limits: readonly (readonly [text: RegExp, advice: string])[] = [
  [
    /row limit exceeded/i,
    "DSQL changes at most 3,000 rows in one transaction: divide the data, for instance into createMany calls of 1,000 rows each.",
  ],
  [
    /size limit .* exceeded/i,
    "DSQL writes at most 10 MiB in one transaction: divide the data into smaller batches.",
  ],
  [
    /age limit .* exceeded/i,
    "DSQL ends a transaction after 300 seconds: divide its work into shorter transactions.",
  ],
];

/**
 * The error for Prisma's engine: it rethrows a `PrismaClientKnownRequestError` unchanged, also from a COMMIT, where a bare
 * DriverAdapterError would reach the caller without a code. Errors that Prisma knows already stay unchanged.
 * `client` is the connection, if it is known: PrismaPg drops the server's error, which says more about a conflict.
 */
export function asRequestError(error: unknown, client?: unknown): unknown {
  if (isDsqlError(error)) {
    return knownError(prismaCodes[error.code] ?? error.code, error.message, payloadOf(error), error);
  }
  if (!(error instanceof Error) || !isDriverAdapterError(error)) return error;
  const { originalCode, originalMessage = error.message } = error.cause;
  if (failureOf(error) === "conflict") {
    return knownError(
      "P2034",
      `The transaction met a conflict and was rolled back: ${originalMessage}. Retry the whole transaction, for instance with transactionWithRetry.`,
      Object.assign(
        {
          kind: "TransactionWriteConflict" as const,
          ...(originalCode !== undefined && { originalCode }),
          originalMessage,
        },
        { cause: lastConflictOf(client) },
      ),
      error,
    );
  }
  if (originalCode === "08006" && /access denied/i.test(originalMessage)) {
    return knownError(
      "P1000",
      `The cluster refused the login: ${originalMessage}. Check the IAM identity, its permission (dsql:DbConnectAdmin for the user admin, dsql:DbConnect for any other role), the role's AWS IAM GRANT, and the Region.`,
      error.cause,
      error,
    );
  }
  const limit = originalCode === "54000" && limits.find(([text]) => text.test(originalMessage));
  return limit ? knownError("P2039", `${limit[1]} (54000: ${originalMessage})`, error.cause, error) : error;
}

/**
 * {@link asRequestError} for a statement inside a transaction: after XX000 `server unavailable` nothing was stored there, so
 * the whole transaction can be retried.
 */
export function asTransactionError(error: unknown, client: unknown): unknown {
  if (!isDriverAdapterError(error)) return asRequestError(error, client);
  const { originalCode, originalMessage = "" } = error.cause;
  if (originalCode !== "XX000" || !/server unavailable/i.test(originalMessage))
    return asRequestError(error, client);
  return knownError(
    "P2034",
    `The cluster was unavailable for a moment, and the transaction was rolled back: ${originalMessage}. Retry the whole transaction, for instance with transactionWithRetry.`,
    { kind: "TransactionWriteConflict", originalCode, originalMessage },
    error,
  );
}

/** DSQL has one isolation level, so any other is refused before anything is sent. */
export function isolationLevelError(level: string): Error {
  return knownError(
    "P2023",
    `DSQL runs every transaction as REPEATABLE READ and does not support ${level}: omit isolationLevel, or use RepeatableRead.`,
    { kind: "InvalidIsolationLevel", level },
  );
}

/** The error of a statement that was still running when Prisma rolled its transaction back. */
export function transactionClosedError(): Error {
  return knownError(
    "P2028",
    "The transaction was rolled back because its timeout passed while this statement was running. Raise timeout, or divide the work.",
    { kind: "TransactionAlreadyClosed", cause: "timeout" },
  );
}

function knownError(code: string, message: string, payload: Payload, cause?: unknown): Error {
  const driverAdapterError = new DriverAdapterError(payload);
  const error = new PrismaClientKnownRequestError(message, {
    code,
    clientVersion: Prisma.prismaVersion.client,
    meta: { driverAdapterError },
  });
  Object.defineProperty(error, "cause", {
    value: cause ?? driverAdapterError,
    configurable: true,
    writable: true,
  });
  return error;
}

/** Prisma copies `meta` and drops `cause` when it adds the call's position to an error, so the original is in both. */
function payloadOf(error: DsqlError): Payload {
  return Object.assign(mapped(error), {
    originalCode: error.code,
    originalMessage: error.message,
    cause: error,
  });
}

function mapped(error: DsqlError): Payload {
  const { code, message } = error;
  if (code === "DSQL_OCC_RETRY_EXHAUSTED") return { kind: "TransactionWriteConflict" };
  if (code === "DSQL_CONNECTION_LOST") return { kind: "ConnectionClosed" };
  return {
    kind: "postgres",
    code,
    severity: "ERROR",
    message,
    detail: undefined,
    column: undefined,
    hint: undefined,
  };
}
