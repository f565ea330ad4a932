export { type DsqlMigrationConfig, type MigrationRepair, migrate, repair } from "./migrate.ts";
