import { DsqlConfigError, isDsqlPool } from "dsql-core";
import {
  type DeployOptions,
  type DeployResult,
  deploy,
  type LeaseOptions,
  type MigrateListener,
  type MigrationRepair,
  type PlanOptions,
  planMigrations,
  repairMigration,
} from "dsql-migrate";
import { drizzleHistory } from "./drizzle-history.ts";
import { readDrizzleFolder } from "./migrations-folder.ts";

/** Options of {@link migrate}: drizzle-orm's own, and how the deployment behaves. */
export interface DsqlMigrationConfig extends LeaseOptions {
  /** The folder that `drizzle-kit generate` writes, in the form of 0.45 or 1.0. */
  migrationsFolder: string;
  /** @default "__drizzle_migrations" */
  migrationsTable?: string | undefined;
  /** @default "drizzle" */
  migrationsSchema?: string | undefined;
  /** How the generated SQL is rewritten for DSQL. */
  plan?: Omit<PlanOptions, "file" | "knownSchema"> | undefined;
  /** Called with every event of the deployment. */
  onEvent?: MigrateListener | undefined;
}

/**
 * Applies what `drizzle-kit generate` wrote: each statement is rewritten for DSQL and runs by itself, index builds are waited for, under
 * a lease that other deployments wait for. An interrupted migration is resumed where it stopped.
 * The history is drizzle-orm's own table, which its tools can still read.
 * @throws MigrateError like `deploy` of dsql-migrate
 */
export async function migrate(db: { $client: unknown }, config: DsqlMigrationConfig): Promise<DeployResult> {
  return await deploy(await deploymentOf(db, config));
}

/**
 * Corrects the records of one migration, for the few cases that need a decision by a person. An interrupted migration does not need
 * it: call {@link migrate} again.
 * @param config the same as for `migrate`
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if there is no such migration, or it is not in the state that this repair is for
 */
export async function repair(
  db: { $client: unknown },
  config: DsqlMigrationConfig,
  change: MigrationRepair,
): Promise<void> {
  const { migrations, ...options } = await deploymentOf(db, config);
  await repairMigration(options, migrations, change);
}

async function deploymentOf(db: { $client: unknown }, config: DsqlMigrationConfig): Promise<DeployOptions> {
  const pool = db.$client;
  if (!isDsqlPool(pool)) {
    throw new DsqlConfigError("db does not use a DsqlPool: create it with drizzle() of drizzle-dsql.");
  }
  const {
    migrationsFolder,
    migrationsTable = "__drizzle_migrations",
    migrationsSchema = "drizzle",
    plan,
    ...options
  } = config;
  const folder = await readDrizzleFolder(migrationsFolder);
  const history = drizzleHistory({ table: migrationsTable, schema: migrationsSchema }, folder);
  return { ...options, pool, history, migrations: await planMigrations(folder.migrations, plan) };
}
