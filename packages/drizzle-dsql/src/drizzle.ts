import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { npmVersion } from "drizzle-orm/version";
import { DsqlConfigError, type DsqlPool, isDsqlPool, type LegacyRetryOptions } from "dsql-core";
import type { DsqlDatabase } from "./database.ts";
import type { InstalledSession } from "./installed-session.ts";
import type { DsqlDrizzleConfig, NoSchema, SchemaOrRelations } from "./installed-types.ts";
import { useInnerLaterals } from "./relational/inner-laterals.ts";
import { type DsqlDrizzleSource, poolOf } from "./source.ts";
import { Transactions } from "./transactions.ts";

/** Private fields of drizzle-orm's database, the same in 0.45 and 1.0. */
interface InstalledDatabase {
  readonly dialect: object;
  readonly session: InstalledSession;
}

/**
 * Creates a Drizzle database on Aurora DSQL: drizzle-orm's own `drizzle()` on a `DsqlPool`. The first argument is a pool, or
 * a connection string as for `new DsqlPool()`.
 * @throws DsqlConfigError when there is no pool, or the arguments do not describe one
 */
export function drizzle<T extends SchemaOrRelations = NoSchema>(
  client?: DsqlPool | string | undefined,
  config?: DsqlDrizzleConfig<T>,
): DsqlDatabase<T>;
export function drizzle<T extends SchemaOrRelations = NoSchema>(
  config: DsqlDrizzleConfig<T> & DsqlDrizzleSource,
): DsqlDatabase<T>;
export function drizzle<T extends SchemaOrRelations>(
  first?: DsqlPool | string | (DsqlDrizzleConfig<T> & DsqlDrizzleSource),
  second?: DsqlDrizzleConfig<T>,
): DsqlDatabase<T> {
  demandSupportedDrizzle();
  const client = poolOf(first);
  const config = typeof first === "object" && !isDsqlPool(first) ? first : second;
  // { client } is the one form that 0.45 and 1.0 share: 1.0 ignores a pool as the first argument.
  const db = joinedAsDsqlAllows<T>(installedDrizzle({ ...config, client } as { client: DsqlPool }));
  const transactions = new Transactions(client, db.session);
  db.session.transaction = (work, config) => transactions.run(work, config);
  // Own properties, so that they are still there after withReplicas, which copies the database in 0.45.
  db.transactionWithRetry = (work, options, awsOptions?: LegacyRetryOptions | undefined) =>
    transactions.runWithRetry(work, options, awsOptions);
  db.waitForJob = async (jobs) => {
    for (const job of [jobs].flat()) await client.waitForJob(job);
  };
  return db;
}

drizzle.mock = mock;

/** A database without a connection, to build queries: `drizzle.mock().select().from(users).toSQL()`. */
function mock<T extends SchemaOrRelations = NoSchema>(
  config?: DsqlDrizzleConfig<T>,
): Omit<DsqlDatabase<T>, "$client"> {
  const db = joinedAsDsqlAllows<T>(installedDrizzle.mock(config as never));
  const refuse = () =>
    Promise.reject(new DsqlConfigError("drizzle.mock() has no connection: it only builds queries."));
  db.session.transaction = refuse;
  db.transactionWithRetry = refuse;
  db.waitForJob = refuse;
  return db;
}

function joinedAsDsqlAllows<T extends SchemaOrRelations>(
  installed: unknown,
): DsqlDatabase<T> & InstalledDatabase {
  const db = installed as DsqlDatabase<T> & InstalledDatabase;
  useInnerLaterals(db.dialect);
  return db;
}

/** A package manager can be forced to install any version. */
function demandSupportedDrizzle(): void {
  const [major = 0, minor = 0] = npmVersion.split(".").map(Number);
  if (major === 1 || (major === 0 && minor === 45)) return;
  throw new DsqlConfigError(
    `drizzle-dsql needs drizzle-orm 0.45 or 1.0, and ${npmVersion} is installed: npm install drizzle-orm`,
  );
}
