export { type DsqlMigrationConfig, migrate } from "./migrate.ts";
