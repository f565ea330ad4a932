import { inspect } from "node:util";
import { Client } from "pg";
import { ConnectionLostError } from "../errors.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";
import { resolveConnection } from "./connection-settings.ts";
import { ConnectionSource } from "./connection-source.ts";
import { GuardedClient } from "./guarded-client.ts";
import { explainLoginFailure, wantsFreshToken } from "./login-failure.ts";
import { checkOptionNames } from "./option-names.ts";
import { internalsOf } from "./pg-internals.ts";
import { SessionState } from "./session-state.ts";

/** Startup parameters that pg takes from the environment or its defaults, and for which DSQL ends the connection. */
const REFUSED_PARAMETERS = [
  "options",
  "replication",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
];

/** What a login is waiting for. */
export type LoginStage = "a token" | "TLS and the server's greeting";

/** Milliseconds that a server may take to close a connection that was told goodbye. */
const GOODBYE_MS = 1_000;

/**
 * One connection to DSQL: a pg client that logs in with a signed IAM token over verified TLS, guards its transactions,
 * and never ends the process with an 'error' event.
 * @throws DsqlConfigError for options that cannot be used
 */
export class DsqlClient extends GuardedClient {
  readonly #source: ConnectionSource;
  readonly #password: () => Promise<string>;
  #token = "";
  #stage: LoginStage = "a token";
  #abandonLogin: ((reason: Error) => void) | undefined;

  constructor(config: DsqlConnectionOptions | string | ConnectionSource = {}) {
    const source = config instanceof ConnectionSource ? config : sourceOf(config);
    const password = async () => {
      this.#token = await source.tokens.token();
      return this.#token;
    };
    super(source.clientConfig(password));
    this.#source = source;
    this.#password = password;
    this.commitTimeoutMillis = source.settings.commitTimeoutMillis;
    this.session.watch(this.connection);
    this.#forgetRefusedParameters();
    // Without a listener Node ends the process when the connection breaks; whoever waits for a statement hears of it there.
    this.on("error", () => {});
  }

  /** What a login that has not ended yet is waiting for. */
  get loginStage(): LoginStage {
    return this.#stage;
  }

  /**
   * Logs in, within `connectionTimeoutMillis`, the token included; a token that the server finds expired is replaced once.
   * @throws DsqlTokenError when no token can be signed; then nothing was sent
   * @throws ConnectionLostError when the time is over or the connection is cut; errors of the server and of TLS are pg's and Node's own
   */
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null, client?: Client) => void): void;
  override connect(callback?: (error: Error | null, client?: Client) => void): Promise<this> | undefined {
    const loggedIn = this.#logIn();
    if (callback === undefined) return loggedIn.then(() => this);
    // Outside the promise, so that what a callback throws is not taken for a rejection.
    loggedIn.then(
      () => process.nextTick(callback, null, this),
      (error) => process.nextTick(callback, error),
    );
    return undefined;
  }

  /** Says goodbye and closes the connection; one that does not close by itself soon is cut. Never rejects. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const { stream } = this.connection;
    this.#abandonLogin?.(new Error("The client was closed while it was connecting."));
    const cut = setTimeout(() => stream.destroy(), GOODBYE_MS).unref();
    const ended = super.end().then(() => clearTimeout(cut));
    if (callback === undefined) return ended;
    ended.then(() => process.nextTick(callback));
    return undefined;
  }

  /** What may be shown of a client: no token, no credentials, no socket. */
  toJSON(): Record<string, unknown> {
    const { host, port, user, database, region, applicationName } = this.#source.settings;
    return { host, port, user, database, region, applicationName, transactionStatus: this.session.status };
  }

  [inspect.custom](_depth: number, options: object): string {
    return `DsqlClient ${inspect(this.toJSON(), options)}`;
  }

  async #logIn(): Promise<void> {
    const { connectionTimeoutMillis } = this.#source.settings;
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      this.#abandonLogin = reject;
      timer = setTimeout(() => {
        const message = `No connection within ${connectionTimeoutMillis} ms; it was waiting for ${this.#stage}.`;
        reject(new ConnectionLostError(message));
      }, connectionTimeoutMillis);
    });
    try {
      await Promise.race([this.#logInTwice(), givenUp]);
    } catch (error) {
      this.connection.stream.destroy();
      throw explainLoginFailure(error);
    } finally {
      clearTimeout(timer);
      this.#abandonLogin = undefined;
      this.#forgetToken();
    }
  }

  async #logInTwice(): Promise<void> {
    try {
      await this.#logInOnce();
    } catch (error) {
      if (!wantsFreshToken(error)) throw error;
      this.#source.tokens.discard(this.#token);
      this.#startAnew();
      await this.#logInOnce();
    }
  }

  async #logInOnce(): Promise<void> {
    this.#stage = "a token";
    // Before the socket is opened: without a token the connection would be refused, and counted against the cluster's limits.
    await this.#source.tokens.token();
    this.#stage = "TLS and the server's greeting";
    if (internalsOf(this)._ending) throw new Error("The client was closed while it was connecting.");
    await super.connect();
  }

  /** Puts the client back to where it was before its first login, with a new socket. */
  #startAnew(): void {
    const { connection: old } = this;
    old.removeAllListeners();
    old.on("error", () => {});
    old.stream.destroy();
    const fresh = internalsOf(new Client(this.#source.clientConfig(this.#password)));
    const { connection, _connecting, _connected, _connectionError, _ended, _queryable, readyForQuery } =
      fresh;
    const login = { _connecting, _connected, _connectionError, _ended, _queryable, readyForQuery };
    Object.assign(internalsOf(this), { ...login, connection, _connectionCallback: null });
    this.session = new SessionState();
    this.session.watch(connection);
    this.#forgetToken();
  }

  /** pg keeps what the password function returned; a token is of no use after the login. */
  #forgetToken(): void {
    const internals = internalsOf(this);
    internals.password = this.#password;
    internals.connectionParameters.password = this.#password;
    this.#token = "";
  }

  #forgetRefusedParameters(): void {
    const { connectionParameters } = internalsOf(this);
    for (const name of REFUSED_PARAMETERS) connectionParameters[name] = undefined;
  }
}

function sourceOf(config: DsqlConnectionOptions | string): ConnectionSource {
  if (typeof config !== "string") checkOptionNames(config, "connection");
  return new ConnectionSource(resolveConnection(config));
}
