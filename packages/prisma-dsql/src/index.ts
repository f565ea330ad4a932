export type { PoolSource } from "dsql-core";
export { dsqlErrorOf } from "./adapter/dsql-error-of.ts";
export { PrismaDsql, type PrismaDsqlOptions } from "./adapter/prisma-dsql.ts";
export { type DsqlExtensionOptions, dsql } from "./extension/dsql-extension.ts";
export {
  type PrismaBatchOptions,
  type PrismaTransactionOptions,
  type RetriedTransactionClient,
  type TransactionClientOf,
  type TransactionWithRetry,
  transactionWithRetry,
} from "./extension/transaction-with-retry.ts";
export { waitForJob } from "./wait-for-job.ts";
