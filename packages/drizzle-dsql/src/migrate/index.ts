export type { MigrationRepair } from "dsql-migrate";
export { type DsqlMigrationConfig, migrate, repair } from "./migrate.ts";
