export {
  DsqlMigrator,
  type DsqlMigratorOptions,
  type KyselyMigration,
  type KyselyMigrationProvider,
  type KyselyMigrationResult,
  type KyselyMigrationResultSet,
} from "./dsql-migrator.ts";
