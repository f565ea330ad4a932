import "./transaction-with-retry-method.ts";

export { waitForJob } from "./async-job.ts";
export { addConstraintNotValid, validateConstraint } from "./constraints.ts";
export { DsqlAdapter } from "./dsql-adapter.ts";
export { DsqlDialect } from "./dsql-dialect.ts";
export type {
  Cursor,
  CursorConstructor,
  DsqlDialectConfig,
  DsqlDialectConnectionConfig,
  DsqlDialectOptions,
  DsqlDialectPoolConfig,
} from "./dsql-dialect-config.ts";
export { DsqlDriver } from "./dsql-driver.ts";
export { DsqlIntrospector } from "./dsql-introspector.ts";
export { DsqlQueryCompiler, type DsqlQueryCompilerOptions } from "./dsql-query-compiler.ts";
export type { Reader, ReadOnlyQueryCreator, ReadOnlyTransaction } from "./read-only-transaction.ts";
export {
  type ReadOnlyTransactionOptions,
  transactionWithRetry,
  type WriteTransactionOptions,
} from "./transaction-with-retry.ts";
