import type { DsqlPool } from "dsql-core";
import {
  type DeploymentOptions,
  deployPrograms,
  type LeaseOptions,
  MigrateError,
  type MigrateEvent,
  type MigrateListener,
  type MigrationProgram,
  type PlanOptions,
  type ProgramSession,
} from "dsql-migrate";
import { Kysely, PostgresQueryCompiler, type QueryExecutor } from "kysely";
import { DsqlAdapter } from "../dsql-adapter.ts";
import type { DsqlConnection } from "../dsql-connection.ts";
import { DsqlIntrospector } from "../dsql-introspector.ts";
import { downHistory, type HistoryTableName, upHistory } from "./kysely-history.ts";
import { ProgramDriver } from "./program-driver.ts";

/** A migration as Kysely defines it, for any database type. */
export interface KyselyMigration {
  up(db: Kysely<unknown>): Promise<void>;
  down?(db: Kysely<unknown>): Promise<void>;
}

/** Returns the migrations by name; Kysely's `FileMigrationProvider` fits. */
export interface KyselyMigrationProvider {
  getMigrations(): Promise<Record<string, KyselyMigration>>;
}

/** The result of one migration, as Kysely's Migrator returns it. */
export interface KyselyMigrationResult {
  readonly migrationName: string;
  readonly direction: "Up" | "Down";
  readonly status: "Success" | "Error" | "NotExecuted";
}

/** The same as the result of Kysely's Migrator. */
export interface KyselyMigrationResultSet {
  /** Why it stopped; undefined if all went well. */
  readonly error?: unknown;
  readonly results: KyselyMigrationResult[];
}

/** Options of {@link DsqlMigrator}. */
export interface DsqlMigratorOptions extends Omit<LeaseOptions, "signal"> {
  /** An instance with a `DsqlDialect`; its pool and plugins are used. */
  db: { getExecutor(): QueryExecutor };
  /** Where the migrations come from, such as Kysely's `FileMigrationProvider`. */
  provider: KyselyMigrationProvider;
  /** @default "kysely_migration" */
  migrationTableName?: string | undefined;
  /** @default the schema that the search path finds */
  migrationTableSchema?: string | undefined;
  /** Whether a new migration may come before one that is applied. @default false */
  allowUnorderedMigrations?: boolean | undefined;
  /** How DDL is rewritten for DSQL. */
  plan?: Omit<PlanOptions, "file" | "knownSchema"> | undefined;
  /** Stops the deployment between two statements. */
  signal?: AbortSignal | undefined;
  /** Called with every event of the deployment. */
  onEvent?: MigrateListener | undefined;
}

type Direction = KyselyMigrationResult["direction"];

/**
 * Runs Kysely's migrations on Aurora DSQL: each statement by itself, indexes waited for, under a lease that other deployments
 * wait for. An interrupted migration is resumed: `up` is called again, and statements that have already run return their
 * recorded results, so `up` must send the same statements in the same order each time.
 * Methods and results are those of Kysely's Migrator: they do not throw, but return the error.
 */
export class DsqlMigrator {
  readonly #options: DsqlMigratorOptions;
  readonly #table: HistoryTableName;

  constructor(options: DsqlMigratorOptions) {
    this.#options = { ...options };
    this.#table = {
      table: options.migrationTableName ?? "kysely_migration",
      schema: options.migrationTableSchema,
    };
  }

  /** Runs every migration that is not applied. */
  migrateToLatest(): Promise<KyselyMigrationResultSet> {
    return this.#run("Up", ({ names, applied }) => names.filter((name) => !applied.has(name)));
  }

  /** Runs the next migration. */
  migrateUp(): Promise<KyselyMigrationResultSet> {
    return this.#run("Up", ({ names, applied }) => names.filter((name) => !applied.has(name)).slice(0, 1));
  }

  /** Reverts the latest migration. One without `down` stays applied, with the status `NotExecuted`. */
  migrateDown(): Promise<KyselyMigrationResultSet> {
    return this.#run("Down", ({ names, applied }) => names.filter((name) => applied.has(name)).slice(-1));
  }

  /** Migrates up or down until the named migration is the latest. */
  async migrateTo(target: string): Promise<KyselyMigrationResultSet> {
    const migrations = await this.#migrations();
    const names = Object.keys(migrations).sort();
    const index = names.indexOf(target);
    if (index === -1) {
      return {
        error: new MigrateError(
          "DSQL_MIGRATE_INPUT",
          `There is no migration "${target}". The migrations are ${names.join(", ")}.`,
        ),
        results: [],
      };
    }
    const down = await this.#run("Down", ({ applied }) =>
      names
        .slice(index + 1)
        .filter((name) => applied.has(name))
        .reverse(),
    );
    if (down.error !== undefined) return down;
    const up = await this.#run("Up", ({ applied }) =>
      names.slice(0, index + 1).filter((name) => !applied.has(name)),
    );
    return { ...up, results: [...down.results, ...up.results] };
  }

  async #run(
    direction: Direction,
    choose: (state: { names: string[]; applied: ReadonlySet<string> }) => string[],
  ): Promise<KyselyMigrationResultSet> {
    const results: KyselyMigrationResult[] = [];
    try {
      const migrations = await this.#migrations();
      const names = Object.keys(migrations).sort();
      const { db, signal, onEvent, owner, leaseMs, lockTimeoutMs } = this.#options;
      const history = direction === "Up" ? upHistory(this.#table) : downHistory(this.#table);
      const options: DeploymentOptions = {
        pool: await poolOf(db),
        history,
        owner,
        leaseMs,
        lockTimeoutMs,
        signal,
        onEvent: (event) => {
          noteResult(results, event);
          // Returned, so that the rejection of an asynchronous listener is handled.
          return onEvent?.(event);
        },
      };
      const programs = names.map((name) =>
        this.#program(name, migrations[name] as KyselyMigration, direction),
      );
      await deployPrograms({
        ...options,
        programs,
        plan: this.#options.plan,
        select: (appliedNames) => {
          const applied = new Set(appliedNames);
          this.#requireOrder(names, appliedNames);
          const chosen = choose({ names, applied });
          results.push(
            ...chosen.map((migrationName) => ({ migrationName, direction, status: "NotExecuted" as const })),
          );
          return chosen
            .filter((name) => direction === "Up" || migrations[name]?.down !== undefined)
            .map((name) => programs[names.indexOf(name)] as MigrationProgram);
        },
      });
      return { results };
    } catch (error) {
      const failed = results.find(({ status }) => status === "NotExecuted");
      if (failed !== undefined && isOfMigration(error)) Object.assign(failed, { status: "Error" });
      return { error, results };
    }
  }

  #program(name: string, migration: KyselyMigration, direction: Direction): MigrationProgram {
    return {
      name,
      run: async (session) => {
        const db = this.#recordedBy(session);
        if (direction === "Up") await migration.up(db);
        else await migration.down?.(db);
      },
    };
  }

  /** A Kysely instance with the user's plugins, whose statements are recorded. */
  #recordedBy(session: ProgramSession): Kysely<unknown> {
    return new Kysely({
      dialect: {
        createAdapter: () => new DsqlAdapter(),
        createDriver: () => new ProgramDriver(session),
        createIntrospector: (db) => new DsqlIntrospector(db),
        // PostgreSQL's compiler, because the plan rewrites its DDL for DSQL, if necessary as several statements.
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
      plugins: [...this.#options.db.getExecutor().plugins],
    });
  }

  async #migrations(): Promise<Record<string, KyselyMigration>> {
    return await this.#options.provider.getMigrations();
  }

  /** Checks what Kysely checks: every applied migration must exist, and come before those not yet applied. */
  #requireOrder(names: readonly string[], applied: readonly string[]): void {
    const missing = applied.find((name) => !names.includes(name));
    if (missing !== undefined) {
      throw new MigrateError(
        "DSQL_MIGRATE_CHANGED",
        `Migration ${missing} was applied to the database, but the provider does not return it. Restore it, or delete its row from ${this.#table.table}.`,
      );
    }
    if (this.#options.allowUnorderedMigrations === true) return;
    const pending = names.findIndex((name) => !applied.includes(name));
    const later = pending === -1 ? undefined : names.slice(pending).find((name) => applied.includes(name));
    if (later !== undefined) {
      throw new MigrateError(
        "DSQL_MIGRATE_CHANGED",
        `Migration ${names[pending]} comes before ${later}, which is already applied. Rename it so that it comes last, or set allowUnorderedMigrations.`,
      );
    }
  }
}

/** The pool behind an instance with a DsqlDialect. */
async function poolOf(db: DsqlMigratorOptions["db"]): Promise<DsqlPool> {
  const pool = await db
    .getExecutor()
    .provideConnection(async (connection) => (connection as Partial<DsqlConnection>).pool);
  if (pool !== undefined) return pool;
  throw new MigrateError(
    "DSQL_MIGRATE_INPUT",
    "db does not use DsqlDialect: pass an instance made with new Kysely({ dialect: new DsqlDialect(…) }).",
  );
}

function noteResult(results: KyselyMigrationResult[], event: MigrateEvent): void {
  if (event.type !== "migration-done") return;
  const result = results.find(({ migrationName }) => migrationName === event.migration);
  if (result !== undefined) Object.assign(result, { status: "Success" });
}

function isOfMigration(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "DSQL_MIGRATE_FAILED" || code === "DSQL_MIGRATE_REFUSED" || code === "DSQL_MIGRATE_CHANGED";
}
