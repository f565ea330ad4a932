import { randomBytes, randomInt } from "node:crypto";
import { Adjudicator } from "../conflicts/adjudicator.ts";
import { AdminConnection } from "../conflicts/admin-connection.ts";
import { isLockWait } from "../conflicts/lock-watch.ts";
import type { FaultInjector } from "../faults/fault-injector.ts";
import { SUPERUSER } from "../postgres/data-directory.ts";
import type { Refusal } from "../rules/refusal.ts";
import { identifier, literal } from "../sql/quoting.ts";
import { type BackendAddress, BackendConnection } from "../wire/backend-connection.ts";
import { parseErrorFields } from "../wire/error-fields.ts";
import { type FileCapacity, fileCapacity } from "./open-files.ts";
import type { LocalDsqlLimits, WithDefaults } from "./options.ts";
import { describeRefusal } from "./refusal-log.ts";

/** What has happened since the start; counts, unless a field says otherwise. */
export interface LocalDsqlStats {
  /** Accepted TCP connections, both logins and cancel requests. */
  connectionsAccepted: number;
  tokensVerified: number;
  tokensRefused: number;
  /** Sessions open now. */
  sessionsOpen: number;
  statementsRefused: number;
}

/** What the endpoints and sessions of one `startLocalDsql` share: one PostgreSQL, one set of faults and limits. */
export class Cluster {
  readonly faults: FaultInjector;
  readonly limits: WithDefaults<LocalDsqlLimits>;
  /** Writes one line for the developer; does nothing without the option `log`. */
  readonly log: (line: string) => void;
  readonly stats: LocalDsqlStats = {
    connectionsAccepted: 0,
    tokensVerified: 0,
    tokensRefused: 0,
    sessionsOpen: 0,
    statementsRefused: 0,
  };
  /** Decides which transaction may commit. */
  readonly adjudicator: Adjudicator;
  /** Whether sessions get OC001 after another one has changed the schema. */
  readonly schemaConflicts: boolean;
  /** Whether errors of refused statements say what to write instead. */
  readonly hints: boolean;
  /** The secret that a session passes to functions that only the endpoint may call. */
  readonly callKey: string = randomBytes(16).toString("hex");
  /** What the limit on open files permits. */
  readonly files: FileCapacity | undefined = fileCapacity();
  readonly #address: BackendAddress;
  #admitted = 0;
  readonly #cancellations = new Map<number, { secretKey: number; cancel: () => Promise<void> }>();
  readonly #cleanups: (() => Promise<void>)[] = [];

  constructor(options: {
    address: BackendAddress;
    faults: FaultInjector;
    limits: WithDefaults<LocalDsqlLimits>;
    schemaConflicts?: boolean | undefined;
    hints?: boolean | undefined;
    log?: ((line: string) => void) | undefined;
  }) {
    this.#address = options.address;
    this.faults = options.faults;
    this.limits = options.limits;
    this.log = options.log ?? (() => undefined);
    this.schemaConflicts = options.schemaConflicts ?? true;
    this.hints = options.hints ?? false;
    const admin = new AdminConnection(() => this.openBackend());
    this.adjudicator = new Adjudicator(admin);
    this.onStop(() => admin.close());
  }

  /** Opens a connection to PostgreSQL as the superuser; the caller ends it. @throws {BackendError} @throws {BackendGoneError} */
  openBackend(parameters: Readonly<Record<string, string>> = {}): Promise<BackendConnection> {
    return BackendConnection.open(this.#address, { user: SUPERUSER, database: "postgres", ...parameters });
  }

  /**
   * Opens a connection that logs in as a role. A PostgreSQL on a TCP port (Windows) asks for the superuser's password, so
   * there the superuser logs in and switches to the role. @throws {BackendError} @throws {BackendGoneError}
   */
  async openRoleBackend(
    role: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<BackendConnection> {
    if ("path" in this.#address) {
      return BackendConnection.open(this.#address, { user: role, database: "postgres", ...parameters });
    }
    const backend = await this.openBackend(parameters);
    try {
      await backend.query(`SET SESSION AUTHORIZATION ${identifier(role)}`);
      return backend;
    } catch (error) {
      backend.destroy();
      throw error;
    }
  }

  /** Stores `callKey` in PostgreSQL; must be awaited before the first session. @throws {BackendError} */
  async storeCallKey(): Promise<void> {
    const backend = await this.openBackend();
    try {
      const table = "pg_catalog.dsql_local_key";
      await backend.query(`DELETE FROM ${table}; INSERT INTO ${table} VALUES (${literal(this.callKey)})`);
    } finally {
      await backend.end();
    }
  }

  /** Opens a superuser connection for work that may wait for a lock: the transactions that hold it have to release it. */
  async openWatchedBackend(): Promise<BackendConnection> {
    const backend = await this.openBackend({ client_min_messages: "log" });
    backend.onNotice = (body) =>
      isLockWait(parseErrorFields(body)) ? this.adjudicator.locks.watch(backend.processId) : undefined;
    return backend;
  }

  /** Work to do at `stop()`, after the sessions have ended and before PostgreSQL is stopped; latest first. */
  onStop(cleanup: () => Promise<void>): void {
    this.#cleanups.push(cleanup);
  }

  /** Counts and logs a statement that DSQL refuses, and returns its error. */
  refuse(refusal: Refusal, source: string): Refusal {
    this.stats.statementsRefused++;
    this.log(describeRefusal(refusal, source));
    const { advice, documentation } = refusal;
    if (!this.hints || refusal.hint !== undefined || advice === undefined) return { ...refusal };
    return { ...refusal, hint: documentation === undefined ? advice : `${advice} (${documentation})` };
  }

  async runCleanups(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  /** Takes a session slot, already at the login; returns a function that releases it, or undefined if all are taken. */
  admit(): (() => void) | undefined {
    if (this.#admitted >= this.limits.maxConnections) return undefined;
    if (this.files && this.#admitted >= this.files.sessions) {
      const { maxOpenFiles, sessions } = this.files;
      this.log(
        `refused a login: the limit of ${maxOpenFiles} open files (ulimit -n) allows only ${sessions} sessions`,
      );
      return undefined;
    }
    this.#admitted++;
    let left = false;
    return () => {
      if (!left) this.#admitted--;
      left = true;
    };
  }

  /** Gives a session the key that a cancel request must contain; call `forget` at the session's end. */
  registerCancellation(cancel: () => Promise<void>): {
    processId: number;
    secretKey: number;
    forget: () => void;
  } {
    let processId: number;
    do processId = randomInt(1, 0x7fffffff);
    while (this.#cancellations.has(processId));
    const secretKey = randomInt(-0x80000000, 0x80000000);
    this.#cancellations.set(processId, { secretKey, cancel });
    return { processId, secretKey, forget: () => void this.#cancellations.delete(processId) };
  }

  /** Carries out a cancel request if its key is right; like PostgreSQL, it sends no response. */
  async cancel(processId: number, secretKey: number): Promise<void> {
    const target = this.#cancellations.get(processId);
    if (target?.secretKey === secretKey) await target.cancel();
  }
}
