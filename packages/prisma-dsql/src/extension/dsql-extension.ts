import { Prisma } from "@prisma/client/extension";
import type { RetryOptions } from "dsql-core";
import { retryDefaultsOf } from "./client-settings.ts";
import { retryOperation } from "./retry-operations.ts";
import { transactionWithRetryMethod } from "./transaction-with-retry.ts";

/** Options of the client extension. */
export interface DsqlExtensionOptions {
  /** Retry options for single operations and `transactionWithRetry`. @default those of the adapter's pool */
  retry?: RetryOptions | undefined;
  /** Whether a single operation outside a transaction is retried after a conflict. @default true */
  operationRetry?: boolean | undefined;
}

/**
 * A client extension: `prisma.$extends(dsql())` adds `transactionWithRetry`, and retries single operations that met a conflict,
 * such as a nested write, which Prisma wraps in a transaction of its own.
 */
export function dsql(options: DsqlExtensionOptions = {}): ReturnType<typeof extensionOf> {
  // Only the client knows its adapter, whose pool may have retry options of its own.
  const extend = (client: object) =>
    extensionOf(retryDefaultsOf(client, options.retry ?? {}), options)(client);
  return extend as ReturnType<typeof extensionOf>;
}

function extensionOf(retry: RetryOptions, { operationRetry = true }: DsqlExtensionOptions) {
  return Prisma.defineExtension({
    name: "dsql",
    client: { transactionWithRetry: transactionWithRetryMethod(retry) },
    query: {
      $allOperations: (operation) =>
        operationRetry ? retryOperation(operation, retry) : operation.query(operation.args),
    },
  });
}
