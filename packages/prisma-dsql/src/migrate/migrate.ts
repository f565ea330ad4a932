import type { DsqlPool } from "dsql-core";
import {
  type DeployResult,
  deploy,
  type LeaseOptions,
  type MigrateListener,
  type PlanOptions,
  planMigrations,
} from "dsql-migrate";
import { readMigrationsFolder } from "./command.ts";
import { prismaHistory } from "./prisma-history.ts";

/** Options of {@link migrate}. */
export interface DsqlMigrateOptions extends LeaseOptions {
  /** Runs every statement; it needs at least two connections. The caller ends it. */
  pool: DsqlPool;
  /** The folder of Prisma's migrations, such as `prisma/migrations`. */
  migrationsFolder: string;
  /** How the SQL is rewritten for DSQL. */
  plan?: Omit<PlanOptions, "file" | "knownSchema"> | undefined;
  /** Called with every event of the deployment. */
  onEvent?: MigrateListener | undefined;
}

/**
 * Applies Prisma's migrations that are not applied yet, as `prisma-dsql migrate deploy` does, and records them in
 * `_prisma_migrations`.
 * @throws MigrateError like `deploy` of dsql-migrate
 */
export async function migrate(options: DsqlMigrateOptions): Promise<DeployResult> {
  const { migrationsFolder, plan, ...rest } = options;
  const migrations = await planMigrations(await readMigrationsFolder(migrationsFolder), plan);
  return await deploy({ ...rest, migrations, history: prismaHistory() });
}
