import { connect, type Socket } from "node:net";
import { BackendError, BackendGoneError } from "./backend-error.ts";
import { parseColumnNames, parseCommandTag, parseDataRow } from "./backend-messages.ts";
import { parseErrorFields } from "./error-fields.ts";
import { cancelRequest, password, query, startup, terminate } from "./frontend-messages.ts";
import type { WireMessage } from "./message-reader.ts";
import { MessageStream } from "./message-stream.ts";
import { Backend } from "./message-types.ts";

/** Where the PostgreSQL behind the endpoint listens; a password only if that is a TCP port. */
export type BackendAddress = { path: string } | { host: string; port: number; password: string };

/** The result of one statement of the endpoint's own query; values as text. */
export interface BackendResult {
  columns: string[];
  rows: (string | null)[][];
  commandTag: string;
}

/**
 * A connection to the PostgreSQL behind the endpoint, logged in.
 *
 * A session forwards its client's messages with `write` and takes the responses with `poll`, `pollRun` and `next`. In
 * between, when every response has been read, it can run its own queries with `query`.
 */
export class BackendConnection extends MessageStream {
  readonly #address: BackendAddress;
  /** What PostgreSQL reported at login, e.g. `DateStyle`. */
  readonly parameters = new Map<string, string>();
  /** Called with each notice to one of the endpoint's own queries. @returns called when the query has ended */
  onNotice?: (body: Buffer) => (() => void) | undefined;
  /** Called with each notification that arrives during one of the endpoint's own queries. */
  onNotification?: (body: Buffer) => void;
  #processId = 0;
  #secretKey = 0;

  private constructor(socket: Socket, address: BackendAddress) {
    super(socket);
    this.#address = address;
  }

  /** Connects and logs in. @throws {BackendError} if PostgreSQL refuses @throws {BackendGoneError} */
  static async open(
    address: BackendAddress,
    parameters: Readonly<Record<string, string>>,
  ): Promise<BackendConnection> {
    const connection = new BackendConnection(await dial(address), address);
    try {
      connection.write(startup(parameters));
      await connection.#login();
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** The backend process's id, as pg_stat_activity shows it. */
  get processId(): number {
    return this.#processId;
  }

  /**
   * Runs SQL of the endpoint's own as a simple query, and returns one result for each statement; parameter changes are
   * dropped.
   * @throws {BackendError} @throws {BackendGoneError}
   */
  async query(sql: string): Promise<BackendResult[]> {
    this.write(query(sql));
    this.flush();
    const results: BackendResult[] = [];
    let current: BackendResult = { columns: [], rows: [], commandTag: "" };
    let failure: BackendError | undefined;
    let atEnd: (() => void) | undefined;
    try {
      for (;;) {
        const message = await this.expect();
        if (message.type === Backend.RowDescription) current.columns = parseColumnNames(message.body);
        else if (message.type === Backend.DataRow) current.rows.push(parseDataRow(message.body));
        else if (message.type === Backend.CommandComplete) {
          current.commandTag = parseCommandTag(message.body);
          results.push(current);
          current = { columns: [], rows: [], commandTag: "" };
        } else if (message.type === Backend.NoticeResponse) {
          atEnd ??= this.onNotice?.(message.body);
        } else if (message.type === Backend.NotificationResponse) {
          this.onNotification?.(message.body);
        } else if (message.type === Backend.ErrorResponse) {
          failure = new BackendError(parseErrorFields(message.body));
        } else if (message.type === Backend.ReadyForQuery) {
          if (failure) throw failure;
          return results;
        }
      }
    } finally {
      atEnd?.();
    }
  }

  /** The next message; its absence is an error. @throws {BackendGoneError} */
  async expect(): Promise<WireMessage> {
    const message = await this.next();
    if (!message) throw new BackendGoneError("the PostgreSQL behind the endpoint closed the connection");
    return message;
  }

  /** Asks PostgreSQL to cancel what this connection is doing; it may be too late, but that is not reported. */
  async cancel(): Promise<void> {
    const socket = await dial(this.#address);
    await new Promise<void>((resolve) => {
      socket.on("error", () => resolve());
      socket.on("close", () => resolve());
      socket.end(cancelRequest(this.#processId, this.#secretKey));
      socket.resume();
    });
  }

  /** Sends Terminate and closes. */
  override async end(): Promise<void> {
    if (!this.ended) this.write(terminate);
    await super.end();
  }

  async #login(): Promise<void> {
    for (;;) {
      const message = await this.expect();
      if (message.type === Backend.ErrorResponse) throw new BackendError(parseErrorFields(message.body));
      if (message.type === Backend.ReadyForQuery) return;
      if (message.type === Backend.Authentication && message.body.readInt32BE(0) === 3) {
        this.write(password("password" in this.#address ? this.#address.password : ""));
      } else if (message.type === Backend.BackendKeyData) {
        this.#processId = message.body.readInt32BE(0);
        this.#secretKey = message.body.readInt32BE(4);
      } else if (message.type === Backend.ParameterStatus) {
        const [name = "", value = ""] = message.body.toString("utf8").split("\0");
        this.parameters.set(name, value);
      }
    }
  }
}

function dial(address: BackendAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      "path" in address ? { path: address.path } : { host: address.host, port: address.port },
    );
    const fail = (error: Error): void =>
      reject(new BackendGoneError("the PostgreSQL behind the endpoint cannot be reached", { cause: error }));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
