export type { DsqlDatabase, DsqlTransaction } from "./database.ts";
export { drizzle } from "./drizzle.ts";
export type { DsqlDrizzleConfig, NoSchema, SchemaOrRelations } from "./installed-types.ts";
export type { DsqlDrizzleSource } from "./source.ts";
export type { DsqlTransactionConfig, DsqlTransactionOptions } from "./transaction-config.ts";
