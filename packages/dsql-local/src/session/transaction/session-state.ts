import type { Cluster } from "../../cluster/cluster.ts";
import type { Adjudicator } from "../../conflicts/adjudicator.ts";
import type { Statement } from "../../statements/statement.ts";
import type { BackendConnection } from "../../wire/backend-connection.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import type { Problem } from "../exchange/answers.ts";
import { BackendTurn } from "../exchange/backend-turn.ts";
import { Gate } from "../exchange/gate.ts";
import { Transaction } from "./transaction.ts";

/** Ends the transaction's work in PostgreSQL with an error that costs nothing: there is no such savepoint. */
export const ABORT = 'ROLLBACK TO SAVEPOINT "dsql_local: refused"';

/** What the parts of one session share. */
export class SessionState {
  readonly client: FrontendConnection;
  readonly backend: BackendConnection;
  readonly cluster: Cluster;
  readonly adjudicator: Adjudicator;
  readonly turn: BackendTurn;
  /** One request at a time: the client's, or another session's wish that locks be given back. */
  readonly gate = new Gate();
  transaction: Transaction | undefined;
  /** The schema that this session's catalog was read at; undefined until a statement has named a table. */
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

  /** Whether a statement meets what others have done to the schema: DDL, or an index that has become valid meanwhile. */
  meetsSchemaChange(): boolean {
    const meetsJob = this.transaction?.meetsEndedJob() ?? false;
    return this.meetsDdl() || (meetsJob && this.cluster.schemaConflicts);
  }

  /**
   * Whether others have run DDL since this session's catalog was read; it is read again by that. A session that has used
   * no table yet has read nothing.
   */
  meetsDdl(): boolean {
    const before = this.schemaVersion;
    this.schemaVersion = this.adjudicator.schemaVersion;
    return this.cluster.schemaConflicts && before !== undefined && before !== this.schemaVersion;
  }

  /** Opens a transaction; PostgreSQL has begun it. */
  open(explicit: boolean): Transaction {
    this.transaction = new Transaction(this.turn, this.adjudicator, explicit);
    return this.transaction;
  }

  /** Makes one transaction of statements that come in one batch; whoever ends the batch ends it. */
  async beginImplicit(): Promise<Transaction> {
    await this.gate.run(() => this.turn.query("BEGIN"));
    return this.open(false);
  }

  /** The transaction is over; PostgreSQL has ended it. */
  close(): void {
    this.transaction?.close();
    this.transaction = undefined;
  }

  /** Another session waits for a lock of this one. */
  yieldLocks(): void {
    const { transaction } = this;
    if (!transaction) return;
    void this.gate
      .run(async () => {
        if (this.transaction === transaction) await transaction.setAside();
      })
      // The backend is gone, and its locks with it.
      .catch(() => undefined);
  }

  /** Answers an error, after which an open transaction is aborted. Always false: the statement has failed. */
  async fail(problem: Problem): Promise<false> {
    if (this.transaction && this.turn.status === "T") await this.gate.run(() => this.turn.query(ABORT));
    this.client.write(errorResponse(problem));
    return false;
  }
}
