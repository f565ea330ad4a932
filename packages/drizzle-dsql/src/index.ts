export type { DsqlDatabase, DsqlRetryOptions, DsqlTransaction } from "./database.ts";
export { drizzle } from "./drizzle.ts";
export type { DsqlDrizzleConfig, NoSchema, SchemaOrRelations } from "./installed-types.ts";
export type { DsqlDrizzleSource } from "./source.ts";
export type { DsqlTransactionConfig } from "./transaction-config.ts";
