export { runMigrateCommand } from "./command.ts";
export { type DsqlMigrateOptions, migrate } from "./migrate.ts";
