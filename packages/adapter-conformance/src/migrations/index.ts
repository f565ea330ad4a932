export { databaseState, emptyDatabase } from "./database-state.ts";
export { describeMigrations, type MigrationsUnderTest } from "./describe-migrations.ts";
export {
  type ChildEvent,
  type ChildOptions,
  type ChildRun,
  runMigrationChild,
} from "./run-migration-child.ts";
export { type SqlMigration, shopMigrations } from "./shop.ts";
