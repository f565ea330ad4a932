import { DsqlConfigError, isDsqlPool } from "dsql-core";
import {
  type DeployResult,
  deploy,
  type LeaseOptions,
  type MigrateListener,
  type PlanOptions,
  planMigrations,
} from "dsql-migrate";
import { drizzleHistory } from "./drizzle-history.ts";
import { readDrizzleFolder } from "./migrations-folder.ts";

/** Options of {@link migrate}: drizzle-orm's own, and how the deployment behaves. */
export interface DsqlMigrationConfig extends LeaseOptions {
  /** The folder that `drizzle-kit generate` writes, as of 0.45 or 1.0. */
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
 * Applies what `drizzle-kit generate` wrote: each statement rewritten for DSQL and run by itself, index builds waited for, under
 * a lease that other deployments wait for. An interrupted migration is resumed where it stopped.
 * The history is drizzle-orm's own table, which its tools can still read.
 * @throws MigrateError as `deploy` of dsql-migrate does
 */
export async function migrate(db: { $client: unknown }, config: DsqlMigrationConfig): Promise<DeployResult> {
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
  return await deploy({
    ...options,
    pool,
    history,
    migrations: await planMigrations(folder.migrations, plan),
  });
}
