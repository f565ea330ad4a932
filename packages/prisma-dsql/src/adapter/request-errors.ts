import { Prisma } from "@prisma/client/extension";
import { PrismaClientKnownRequestError } from "@prisma/client/runtime/client";
import { DriverAdapterError, isDriverAdapterError } from "@prisma/driver-adapter-utils";
import { type DsqlError, type DsqlErrorCode, failureOf } from "dsql-core";
import { isDsqlError } from "./dsql-error-of.ts";

type Payload = DriverAdapterError["cause"];

/** Prisma's own code where it has one for the same thing; elsewhere the error keeps the code of the DsqlError. */
const prismaCodes: Partial<Record<DsqlErrorCode, string>> = {
  DSQL_CONNECTION_LOST: "P1017",
  DSQL_POOL_TIMEOUT: "P2024",
  DSQL_NESTED_TRANSACTION: "P2028",
  DSQL_OCC_RETRY_EXHAUSTED: "P2034",
};

/**
 * What Prisma's engine is to be told: it hands on a `PrismaClientKnownRequestError` as it is, from a COMMIT too, where a
 * bare DriverAdapterError would reach the caller without a code. Errors that Prisma knows already stay as they are.
 */
export function asRequestError(error: unknown): unknown {
  if (isDsqlError(error)) {
    return knownError(prismaCodes[error.code] ?? error.code, error.message, payloadOf(error), error);
  }
  if (!(error instanceof Error) || !isDriverAdapterError(error) || failureOf(error) !== "conflict")
    return error;
  const { originalCode, originalMessage = error.message } = error.cause;
  return knownError(
    "P2034",
    `The transaction met a conflict, and nothing of it was stored: ${originalMessage}. Run it again whole, for instance with transactionWithRetry.`,
    {
      kind: "TransactionWriteConflict",
      ...(originalCode !== undefined && { originalCode }),
      originalMessage,
    },
    error,
  );
}

/** DSQL has one isolation level, so that any other is refused before anything is sent. */
export function isolationLevelError(level: string): Error {
  return knownError(
    "P2023",
    `DSQL runs every transaction as REPEATABLE READ and has no ${level}: leave isolationLevel out, or say RepeatableRead.`,
    { kind: "InvalidIsolationLevel", level },
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

/** Prisma copies `meta` and drops `cause` when it adds the call's place to an error, so the original travels in both. */
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
