import { announce } from "../telemetry/telemetry.ts";
import type { ConnectionSource } from "./connection-source.ts";
import { rejectMalformedFrames } from "./frames.ts";
import { GuardedClient } from "./guarded-client.ts";
import { Login } from "./login.ts";
import { internalsOf } from "./pg-internals.ts";
import { Client } from "./pg-module.ts";

/** Startup parameters that pg takes from the environment or its defaults, and for which DSQL ends the connection. */
const REFUSED_PARAMETERS = [
  "replication",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
];

/** Milliseconds for the server to close a connection after Terminate was sent. */
const TERMINATE_MS = 1_000;

type ConnectCallback = (error: Error | null, client?: Client) => void;

/** A guarded client that logs in with a token, and can log in anew after its connection is lost. */
export class AuthenticatedClient extends GuardedClient {
  readonly #source: ConnectionSource;
  readonly #password: () => Promise<string>;
  #token = "";
  #login: Login | undefined;

  constructor(source: ConnectionSource) {
    const password = async () => {
      this.#token = await source.tokens.token();
      // pg keeps what it gets here, and has sent it before the next tick.
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
    // Without a listener Node ends the process when the connection is lost; a statement that waits rejects by itself.
    this.on("error", () => {});
  }

  /** The login that is under way. */
  get login(): Login | undefined {
    return this.#login;
  }

  /**
   * Logs in, within `connectionTimeoutMillis`, the token included. A token that the server finds expired is replaced once;
   * a login that the cluster refuses temporarily is tried again.
   * @throws DsqlTokenError when no token can be signed; then nothing was sent
   * @throws ConnectionLostError when the time is up or the connection is cut; errors of the server and of TLS are pg's and Node's own
   */
  override connect(): Promise<this>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<this> | undefined {
    const loggedIn = this.#logIn();
    if (callback === undefined) return loggedIn.then(() => this);
    // Outside the promise, so that what a callback throws is not taken for a rejection.
    loggedIn.then(
      () => process.nextTick(callback, null, this),
      (error) => process.nextTick(callback, error),
    );
    return undefined;
  }

  /** Sends Terminate and closes the connection; if the server does not close it soon, it is cut. Never rejects. */
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
      // pg rejects every waiting statement before it gives up the connection.
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
      // pg does so when its socket ends; there may have been none.
      internalsOf(this)._errorAllQueries(error);
      // Else pg would queue what is sent before the next tick, for ever.
      internalsOf(this)._queryable = false;
      // After the queued statements were rejected with the login's own error: later ones have no connection.
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
