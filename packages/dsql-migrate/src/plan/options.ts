import { KnownSchema } from "./schema.ts";

/** What becomes of an enum: text with a CHECK on each column, a domain, or a refusal. */
export type EnumHandling = "check" | "domain" | "refuse";

/** How a migration is planned. */
export interface PlanOptions {
  /** The file's name, for locations. */
  file?: string | undefined;
  /**
   * The CACHE of identity columns and sequences that have none, or one that DSQL rejects: 1 (numbers close to their order, one
   * round trip for each) or at least 65536 (many writers).
   *
   * @default 65536
   */
  identityCache?: number | undefined;
  /** @default "check" */
  enums?: EnumHandling | undefined;
  /**
   * Whether to plan what DSQL cannot change in place (`SET NOT NULL`, another type, another primary key) as a new table,
   * a copy of the rows, and a swap. Writers must be stopped while it runs.
   *
   * @default false
   */
  recreate?: boolean | undefined;
  /**
   * Whether `OWNER TO` is left out, as `pg_dump --no-owner` does: a dump names roles of the database that it was taken from.
   *
   * @default false
   */
  noOwner?: boolean | undefined;
  /**
   * The rows of one batch of a backfill, from 1 to 2999.
   *
   * @default 1000
   */
  backfillBatchRows?: number | undefined;
  /** What earlier migrations have made. It is not changed; see {@link planMigrations}. */
  knownSchema?: KnownSchema | undefined;
}

export interface ResolvedOptions {
  file: string | undefined;
  identityCache: number;
  enums: EnumHandling;
  recreate: boolean;
  noOwner: boolean;
  backfillBatchRows: number;
  knownSchema: KnownSchema;
}

/** Checks options and fills in the defaults; throws a TypeError or RangeError that names the option. */
export function resolveOptions(options: PlanOptions): ResolvedOptions {
  const {
    file,
    identityCache = 65_536,
    enums = "check",
    recreate = false,
    noOwner = false,
    backfillBatchRows = 1000,
  } = options;
  if (!Number.isSafeInteger(identityCache) || (identityCache !== 1 && identityCache < 65_536))
    throw new RangeError(`identityCache must be 1 or at least 65536, not ${String(identityCache)}.`);
  if (enums !== "check" && enums !== "domain" && enums !== "refuse")
    throw new RangeError(`enums must be "check", "domain" or "refuse", not ${JSON.stringify(enums)}.`);
  if (typeof recreate !== "boolean") throw new TypeError("recreate must be true or false.");
  if (typeof noOwner !== "boolean") throw new TypeError("noOwner must be true or false.");
  if (!Number.isSafeInteger(backfillBatchRows) || backfillBatchRows < 1 || backfillBatchRows >= 3000)
    throw new RangeError(
      `backfillBatchRows must be an integer from 1 to 2999, not ${String(backfillBatchRows)}.`,
    );
  const knownSchema = options.knownSchema ?? new KnownSchema();
  return { file, identityCache, enums, recreate, noOwner, backfillBatchRows, knownSchema };
}
