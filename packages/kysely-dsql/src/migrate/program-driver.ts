import type { ProgramSession, ProgramTransaction } from "dsql-migrate";
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";

/** Passes the queries of a migration to the session that records them. */
export class ProgramDriver implements Driver {
  readonly #session: ProgramSession;

  constructor(session: ProgramSession) {
    this.#session = session;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new ProgramConnection(this.#session);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ProgramConnection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ProgramConnection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as ProgramConnection).rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class ProgramConnection implements DatabaseConnection {
  readonly #session: ProgramSession;
  #transaction: ProgramTransaction | undefined;

  constructor(session: ProgramSession) {
    this.#session = session;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const target = this.#transaction ?? this.#session;
    const { command, rowCount, rows } = await target.execute({ sql, values: parameters });
    const isChange = command !== "SELECT" && rowCount !== null;
    return { rows: rows as R[], ...(isChange ? { numAffectedRows: BigInt(rowCount) } : {}) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  async begin(): Promise<void> {
    this.#transaction = await this.#session.begin();
  }

  async commit(): Promise<void> {
    await this.#transaction?.commit();
    this.#transaction = undefined;
  }

  async rollback(): Promise<void> {
    await this.#transaction?.rollback();
    this.#transaction = undefined;
  }
}
