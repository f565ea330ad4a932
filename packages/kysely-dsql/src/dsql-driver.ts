import { DsqlConfigError, type DsqlPoolClient, TransactionCommands } from "dsql-core";
import { CompiledQuery, type DatabaseConnection, type Driver, type TransactionSettings } from "kysely";
import { markRolledBack } from "./commit-failure.ts";
import { DsqlConnection, type DsqlConnectionSettings } from "./dsql-connection.ts";
import type { DsqlDialectConfig, DsqlDialectOptions } from "./dsql-dialect-config.ts";
import { dialectConfig, type PoolProvider, poolProvider } from "./pool-provider.ts";

/**
 * Takes connections from a DsqlPool and begins, commits and rolls back transactions as DSQL supports them, without
 * savepoints. The pool closes a connection that is released in the middle of a transaction.
 */
export class DsqlDriver implements Driver {
  readonly #options: DsqlDialectOptions;
  readonly #source: PoolProvider;
  /** The connections that `onCreateConnection` has seen. */
  readonly #prepared = new WeakSet<object>();
  /** Undefined before `init` and after `destroy`. */
  #settings: DsqlConnectionSettings | undefined;

  /**
   * Takes the arguments of `DsqlDialect`; `source` provides the pool of a dialect.
   * @throws DsqlConfigError for an option or a connection string that cannot be used
   */
  constructor(config?: DsqlDialectConfig | string, source?: PoolProvider) {
    const options = dialectConfig(config);
    this.#options = options;
    this.#source = source ?? poolProvider(options);
  }

  async init(): Promise<void> {
    const pool = await this.#source.open();
    this.#settings = {
      pool,
      cursor: this.#options.cursor,
      waitForIndexes: this.#options.waitForIndexes ?? false,
      autocommitRetry: pool.autocommitRetry ? pool.retryOptions : undefined,
    };
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const settings = this.#openSettings();
    const client = await settings.pool.connect();
    const connection = new DsqlConnection(client, settings);
    try {
      this.#openSettings();
      await this.#prepare(client, connection);
      return connection;
    } catch (error) {
      connection.discard();
      connection.release();
      throw error;
    }
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(beginStatement(settings)));
    (connection as DsqlConnection).enterTransaction();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const dsqlConnection = connection as DsqlConnection;
    const transaction = new TransactionCommands(dsqlConnection.commands);
    try {
      await transaction.commit();
      dsqlConnection.leaveTransaction();
    } catch (error) {
      const isKnown = transaction.destroy === undefined;
      dsqlConnection.noteFailedCommit({ isMarked: isKnown && markRolledBack(error) });
      throw error;
    }
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const dsqlConnection = connection as DsqlConnection;
    dsqlConnection.cancelRelease();
    // After a failed COMMIT dsql-core responds to it without the server.
    await new TransactionCommands(dsqlConnection.commands).rollback();
    dsqlConnection.leaveTransaction();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as DsqlConnection).release();
  }

  async destroy(): Promise<void> {
    const pool = this.#settings?.pool;
    this.#settings = undefined;
    await pool?.end();
  }

  async #prepare(client: DsqlPoolClient, connection: DatabaseConnection): Promise<void> {
    if (!this.#prepared.has(client.connection)) {
      await this.#options.onCreateConnection?.(connection);
      this.#prepared.add(client.connection);
    }
    await this.#options.onReserveConnection?.(connection);
  }

  #openSettings(): DsqlConnectionSettings {
    if (this.#settings === undefined) throw new Error("The Kysely instance has already been destroyed.");
    return this.#settings;
  }
}

/** The BEGIN for the settings that DSQL supports: repeatable read, and an access mode. */
function beginStatement({ isolationLevel, accessMode }: TransactionSettings): string {
  if (isolationLevel !== undefined && isolationLevel !== "repeatable read") {
    throw new DsqlConfigError(
      `Aurora DSQL has no isolation level "${isolationLevel}": every transaction runs at "repeatable read". Omit setIsolationLevel.`,
    );
  }
  const level = isolationLevel === undefined ? "" : ` isolation level ${isolationLevel}`;
  return `begin${level}${accessMode === undefined ? "" : ` ${accessMode}`}`;
}
