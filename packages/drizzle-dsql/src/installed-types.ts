import type { DrizzleConfig } from "drizzle-orm";
import type { NodePgDatabase, drizzle as stockDrizzle } from "drizzle-orm/node-postgres";

/**
 * The type argument of a database of the installed drizzle-orm: the schema in 0.45, the relations in 1.0. It is inferred from
 * `NodePgDatabase`, so that one set of types serves both.
 */
export type SchemaOrRelations =
  InstanceType<typeof NodePgDatabase> extends NodePgDatabase<infer T> ? T : never;

/** The default type argument of `NodePgDatabase`. */
export type NoSchema = NodePgDatabase extends NodePgDatabase<infer T> ? T : never;

/** The second argument of the installed `drizzle()`. */
type InstalledConfig = Extract<Parameters<typeof stockDrizzle>, [unknown, unknown]>[1];

/** The options of the installed drizzle-orm: `logger`, `cache`, `schema` and `casing` in 0.45, `relations` and more in 1.0. */
export type DsqlDrizzleConfig<T extends SchemaOrRelations = NoSchema> = DrizzleConfig<T> &
  Pick<InstalledConfig, Exclude<keyof InstalledConfig, keyof DrizzleConfig>>;
