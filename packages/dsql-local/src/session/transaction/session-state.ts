import type { Cluster } from "../../cluster/cluster.ts";
import type { Adjudicator } from "../../conflicts/adjudicator.ts";
import type { Statement } from "../../statements/statement.ts";
import type { BackendConnection } from "../../wire/backend-connection.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import { BackendTurn } from "../exchange/backend-turn.ts";
import { Mutex } from "../exchange/mutex.ts";
import type { Problem } from "../exchange/problems.ts";
import { Transaction } from "./transaction.ts";

/** Aborts the transaction in PostgreSQL with a cheap error: there is no such savepoint. */
const ABORT = 'ROLLBACK TO SAVEPOINT "dsql_local: refused"';

/** The state that the parts of one session share. */
export class SessionState {
  readonly client: FrontendConnection;
  readonly backend: BackendConnection;
  readonly cluster: Cluster;
  readonly adjudicator: Adjudicator;
  readonly turn: BackendTurn;
  /** One request at a time: the client's, or the release of locks for another session. */
  readonly mutex = new Mutex();
  transaction: Transaction | undefined;
  #isYielding = false;
  /** The version of the schema that this session has read; undefined until a statement has used a table. */
  schemaVersion: number | undefined;
  /** Called before each statement that PostgreSQL runs for the client. */
  onStatement: (statement: Statement) => void = () => undefined;

  constructor(client: FrontendConnection, backend: BackendConnection, cluster: Cluster) {
    this.client = client;
    this.backend = backend;
    this.cluster = cluster;
    this.adjudicator = cluster.adjudicator;
    this.turn = new BackendTurn(client, backend, { locks: this.adjudicator.locks, callKey: cluster.callKey });
  }

  get status(): "I" | "T" | "E" {
    if (!this.transaction) return "I";
    return this.turn.status === "E" ? "E" : "T";
  }

  /** Whether the next statement fails with OC001: other sessions have run DDL, or an index has become valid meanwhile. */
  meetsSchemaChange(): boolean {
    const meetsJob = this.transaction?.meetsEndedJob() ?? false;
    return this.meetsDdl() || (meetsJob && this.cluster.schemaConflicts);
  }

  /**
   * Whether other sessions have run DDL since this session last read the schema; the call counts as reading it again. A
   * session that has not used a table yet has read nothing.
   */
  meetsDdl(): boolean {
    const before = this.schemaVersion;
    this.schemaVersion = this.adjudicator.schemaVersion;
    return this.cluster.schemaConflicts && before !== undefined && before !== this.schemaVersion;
  }

  /** Opens a transaction. PostgreSQL's response to BEGIN is not awaited before the first statement. */
  begin(sql: string, explicit: boolean): Transaction {
    this.turn.sendAhead(this.turn.queryMessage(sql), ({ error }) => {
      if (error) throw new Error(`PostgreSQL refused ${sql}: ${error.message}`);
    });
    this.transaction = new Transaction(this.turn, this.adjudicator, explicit);
    return this.transaction;
  }

  /** Opens one transaction for the statements of a batch; the end of the batch ends it. */
  beginImplicit(): Transaction {
    return this.begin("BEGIN", false);
  }

  /** To be called when PostgreSQL has ended the transaction. */
  close(): void {
    this.transaction?.close();
    this.transaction = undefined;
  }

  /** To be called when another session waits for a lock of this one. */
  yieldLocks(isStillNeeded: () => Promise<boolean>): void {
    const { transaction } = this;
    if (!transaction || this.#isYielding) return;
    this.#isYielding = true;
    void this.mutex
      .run(async () => {
        this.#isYielding = false;
        if (this.transaction === transaction) await transaction.setAside(isStillNeeded);
      })
      // The backend has ended, and its locks with it.
      .catch(() => undefined);
  }

  /** Aborts the open transaction, if any, and sends an error. Always returns false: the statement has failed. */
  async fail(problem: Problem): Promise<false> {
    if (this.transaction) await this.mutex.run(() => this.#abort());
    this.client.write(errorResponse(problem, this.turn.encoding));
    return false;
  }

  async #abort(): Promise<void> {
    await this.turn.settle();
    if (this.turn.status === "T") await this.turn.query(ABORT);
  }
}
