export { dsqlErrorOf } from "./adapter/dsql-error-of.ts";
export type { PoolSource } from "./adapter/given-pool.ts";
export { PrismaDsql, type PrismaDsqlOptions } from "./adapter/prisma-dsql.ts";
export { type DsqlExtensionOptions, dsql } from "./extension/dsql-extension.ts";
export type {
  PrismaTransactionOptions,
  TransactionClientOf,
  TransactionWithRetry,
} from "./extension/transaction-with-retry.ts";
