import { announce } from "../telemetry/telemetry.ts";
import type { ConnectionSource } from "./connection-source.ts";
import { rejectMalformedFrames } from "./frames.ts";
import { GuardedClient } from "./guarded-client.ts";
import { Login } from "./login.ts";
import { internalsOf } from "./pg-internals.ts";
import { Client } from "./pg-module.ts";

/** Startup parameters that pg sets from the environment or its own defaults, and that make DSQL close the connection. */
const REFUSED_PARAMETERS = [
  "replication",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
];

/** Milliseconds that the server has to close a connection after Terminate was sent. */
const TERMINATE_MS = 1_000;

type ConnectCallback = (error: Error | null, client?: Client) => void;

/** A guarded client that logs in with a token, and can log in again after its connection was lost. */
export class AuthenticatedClient extends GuardedClient {
  readonly #source: ConnectionSource;
  readonly #password: () => Promise<string>;
  #token = "";
  #login: Login | undefined;

  constructor(source: ConnectionSource) {
    const password = async () => {
      this.#token = await source.tokens.token();
      // pg stores the token that this returns, and has sent it by the next tick.
      process.nextTick(() => this.#hideToken());
      return this.#token;
    };
    super(source.clientConfig(password));
    this.#source = source;
    this.#password = password;
    const { settings } = source;
    this.commitTimeoutMillis = settings.commitTimeoutMillis;
    this.onCommitUnknown = (error) => announce(settings, "commitUnknown", { error });
    this.#watch();
    const { connectionParameters } = internalsOf(this);
    for (const name of REFUSED_PARAMETERS) connectionParameters[name] = undefined;
    connectionParameters.options = settings.startupOptions;
    // Without a listener, Node ends the process when the connection is lost. Waiting statements are rejected anyway.
    this.on("error", () => {});
  }

  /** The login in progress. */
  get login(): Login | undefined {
    return this.#login;
  }

  /**
   * Logs in within `connectionTimeoutMillis`, which includes getting a token. A token that the server reports as expired is
   * replaced once; a login that the cluster refuses temporarily is retried.
   * @throws DsqlTokenError when no token can be signed; nothing was sent then
   * @throws ConnectionLostError when the time is up or the connection is cut; errors of the server and of TLS are rethrown
   * unchanged
   */
  override connect(): Promise<this>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<this> | undefined {
    const loggedIn = this.#logIn();
    if (callback === undefined) return loggedIn.then(() => this);
    // Called outside the promise, so that an error thrown by the callback does not reject it.
    loggedIn.then(
      () => process.nextTick(callback, null, this),
      (error) => process.nextTick(callback, error),
    );
    return undefined;
  }

  /** Sends Terminate, and destroys the socket if the server does not close the connection soon. Never rejects. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const { stream } = this.connection;
    this.#login?.abandon(new Error("The client was closed while it was connecting."));
    const cut = setTimeout(() => stream.destroy(), TERMINATE_MS).unref();
    const ended = super.end().then(() => clearTimeout(cut));
    if (callback === undefined) return ended;
    ended.then(() => process.nextTick(callback));
    return undefined;
  }

  /** Closes the connection, if it is still open, and logs in on a new one. */
  protected async reconnect(): Promise<void> {
    const { connection } = this;
    const { _connecting, _connected, _ended } = internalsOf(this);
    if ((_connecting || _connected) && !_ended) {
      // By then pg has rejected every statement that was waiting on the old connection.
      const ended = new Promise((resolve) => connection.once("end", resolve));
      connection.stream.destroy();
      await ended;
    }
    if (internalsOf(this)._ending) throw new Error("Client was closed and is not queryable");
    this.#startAnew();
    await this.#logIn();
  }

  async #logIn(): Promise<void> {
    const { _connecting, _connected } = internalsOf(this);
    if (_connecting || _connected || this.#login !== undefined)
      throw new Error("Client has already been connected. You cannot reuse a client.");
    const { tokens, settings } = this.#source;
    this.#login = new Login({
      prepareToken: () => tokens.token(),
      discardToken: () => tokens.discard(this.#token),
      connect: () => super.connect(),
      startAnew: () => this.#startAnew(),
      close: () => this.connection.stream.destroy(),
    });
    try {
      await this.#login.run(settings.connectionTimeoutMillis);
    } catch (error) {
      // pg does this when its socket ends, but there may have been no socket.
      internalsOf(this)._errorAllQueries(error);
      // Otherwise a statement that is sent before the next tick would stay in pg's queue forever.
      internalsOf(this)._queryable = false;
      // On the next tick: the queued statements are rejected with the login's own error, later ones with a
      // ConnectionLostError.
      process.nextTick(() => {
        this.session.lostBy ??= error as Error;
      });
      throw error;
    } finally {
      this.#login = undefined;
    }
  }

  /** Resets the client to its state before the login, with a new socket. */
  #startAnew(): void {
    const { connection: old } = this;
    old.removeAllListeners();
    old.on("error", () => {});
    old.stream.destroy();
    const fresh = internalsOf(new Client(this.#source.clientConfig(this.#password)));
    const { connection, _connecting, _connected, _connectionError, _ended, _queryable } = fresh;
    const beforeLogin = { connection, _connecting, _connected, _connectionError, _ended, _queryable };
    Object.assign(internalsOf(this), beforeLogin, { _connectionCallback: null, readyForQuery: false });
    this.#watch();
  }

  #watch(): void {
    rejectMalformedFrames(this.connection);
    this.session.watch(this.connection);
    this.writes.watch(this.connection);
  }

  #hideToken(): void {
    const internals = internalsOf(this);
    internals.password = this.#password;
    internals.connectionParameters.password = this.#password;
  }
}
