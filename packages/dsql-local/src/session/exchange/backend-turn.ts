import { isLockWait, type LockWatch } from "../../conflicts/lock-watch.ts";
import { MARK_SQLSTATE, parseTableChange, type TableChange } from "../../conflicts/row-change.ts";
import { parseSetting, SETTING_SQLSTATE } from "../../conflicts/setting-notice.ts";
import type { BackendConnection } from "../../wire/backend-connection.ts";
import { parseCommandTag, parseDataRow, type TransactionStatus } from "../../wire/backend-messages.ts";
import { type TextEncoding, terminated, textEncodingOf } from "../../wire/client-encoding.ts";
import { type ErrorFields, parseErrorFields, sqlstateOf } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import { bind, copyFail, execute, parse, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend, Frontend } from "../../wire/message-types.ts";
import { message } from "../../wire/message-writer.ts";
import type { CopySource } from "./copy-source.ts";

/** Bytes for PostgreSQL that end in one Query or Sync. */
export interface Request {
  bytes: Buffer;
  /** For each Parse, Bind and Close among them, in order: whether its acknowledgement is withheld from the client. Default: none is. */
  ownAcknowledgements?: readonly boolean[] | undefined;
}

/** PostgreSQL's response to one request. The caller decides whether the client gets its error and its ReadyForQuery. */
export interface BackendResponse {
  status: TransactionStatus;
  error?: ErrorFields;
  /** The error as PostgreSQL wrote it, in the client's encoding. */
  errorMessage?: WireMessage;
  /** The tag of the last CommandComplete, if responses were held back. */
  tag?: string;
  /** Messages that were held back from the client, in order. */
  held: WireMessage[];
  /** The same as in the request. */
  ownAcknowledgements?: readonly boolean[] | undefined;
  /** The client has already received some of it other than acknowledgements, so the request cannot be retried. */
  isPartlySent?: boolean;
  /** PostgreSQL has asked for the rows of COPY FROM STDIN. */
  copied?: boolean;
  /** Rows that the request has changed, as the mark triggers reported them. */
  changes: TableChange[];
  /** SQL that repeats each call of set_config. */
  settings: string[];
}

/** How fast responses are read: as fast as the client reads them, or as fast as PostgreSQL sends them. */
export type Pace = "client's" | "own";

/** Whether messages of a type are forwarded to the client unchanged. */
const passes = (type: number): boolean =>
  type !== Backend.NoticeResponse &&
  type !== Backend.ErrorResponse &&
  type !== Backend.ReadyForQuery &&
  type !== Backend.ParameterStatus &&
  type !== Backend.CopyInResponse;

function withRows(
  response: BackendResponse,
  encoding: TextEncoding,
): BackendResponse & { rows: (string | null)[][] } {
  const rows = response.held
    .filter(({ type }) => type === Backend.DataRow)
    .map(({ body }) => parseDataRow(body, encoding));
  return { ...response, rows };
}

/** Options of a request whose responses are forwarded to the client as they arrive. */
export interface StreamOptions {
  pace?: Pace;
  /** Gathers the rows of COPY FROM STDIN. */
  copy?: CopySource | undefined;
  /** An acknowledgement that the client expects, but PostgreSQL will not send. */
  preface?: Buffer | undefined;
}

/** Held messages without the acknowledgements that are withheld from the client. */
export function clientsOwn({ held, ownAcknowledgements }: BackendResponse): readonly WireMessage[] {
  if (!ownAcknowledgements) return held;
  let acknowledged = 0;
  return held.filter(({ type }) => !isAcknowledgement(type) || !ownAcknowledgements[acknowledged++]);
}

const isAcknowledgement = (type: number): boolean =>
  type === Backend.ParseComplete || type === Backend.BindComplete || type === Backend.CloseComplete;

/** Sends requests to PostgreSQL, one at a time, and sorts the messages of each response. */
export class BackendTurn {
  readonly #client: FrontendConnection;
  readonly #backend: BackendConnection;
  readonly #locks: LockWatch;
  readonly #callKey: string;
  /** Callbacks for the responses to requests that were sent ahead and whose responses have not been read yet. */
  #ahead: ((response: BackendResponse) => void)[] = [];
  /** The last transaction status that PostgreSQL reported. */
  status: TransactionStatus = "I";
  encoding: TextEncoding;
  timeZone: string;

  constructor(
    client: FrontendConnection,
    backend: BackendConnection,
    { locks, callKey }: { locks: LockWatch; callKey: string },
  ) {
    this.#client = client;
    this.#backend = backend;
    this.#locks = locks;
    this.#callKey = callKey;
    this.encoding = textEncodingOf(backend.parameters.get("client_encoding"));
    this.timeZone = backend.parameters.get("TimeZone") ?? "UTC";
  }

  /** A Query message in the client's encoding. */
  queryMessage(sql: string): Buffer {
    return message(Frontend.Query, terminated(sql, this.encoding));
  }

  /**
   * Sends one of the endpoint's own requests without waiting: its response is read before that of the next request,
   * and passed to `taken`.
   */
  sendAhead(request: Buffer, taken: (response: BackendResponse) => void): void {
    this.#backend.write(request);
    this.#ahead.push(taken);
  }

  /** Reads the responses to the requests that were sent ahead. */
  async settle(): Promise<void> {
    while (this.#ahead.length > 0) {
      const taken = this.#ahead.shift() as (response: BackendResponse) => void;
      taken(await this.#read({}));
    }
  }

  /**
   * Runs a request that ends in one ReadyForQuery, and forwards the responses as they arrive: at the client's pace, or
   * as fast as PostgreSQL sends them if the transaction has locks that others may wait for.
   */
  stream(request: Request, options: StreamOptions = {}): Promise<BackendResponse> {
    return this.#run(request, { pace: "client's", ...options });
  }

  /** Runs a request like {@link stream}, but holds the responses back for the caller. */
  hold(request: Request, copy?: CopySource): Promise<BackendResponse> {
    return this.#run(request, { copy });
  }

  /** Runs the endpoint's own SQL and returns its rows as text. */
  async query(sql: string): Promise<BackendResponse & { rows: (string | null)[][] }> {
    return withRows(await this.#run({ bytes: this.queryMessage(sql) }), this.encoding);
  }

  /**
   * Calls one of the endpoint's functions that no client may call; values must be ASCII. The key that it checks is sent
   * as a parameter, which neither pg_stat_activity nor current_query() shows.
   */
  async call(
    name: string,
    values: readonly string[],
  ): Promise<BackendResponse & { rows: (string | null)[][] }> {
    const parameters = [this.#callKey, ...values];
    const numbers = parameters.map((_, index) => `$${index + 1}`).join(", ");
    const messages = [parse("", `SELECT pg_catalog.${name}(${numbers})`), bind("", "", parameters)];
    return withRows(
      await this.#run({ bytes: Buffer.concat([...messages, execute(""), sync]) }),
      this.encoding,
    );
  }

  async #run({ bytes, ownAcknowledgements }: Request, options: StreamOptions = {}): Promise<BackendResponse> {
    this.#backend.write(bytes);
    this.#backend.flush();
    if (this.#ahead.length > 0) await this.settle();
    return this.#read(options, ownAcknowledgements);
  }

  async #read(
    { pace, copy, preface }: StreamOptions,
    ownAcknowledgements?: Request["ownAcknowledgements"],
  ): Promise<BackendResponse> {
    const streams = pace !== undefined;
    const client = this.#client;
    const backend = this.#backend;
    const response: BackendResponse = {
      status: this.status,
      held: [],
      ownAcknowledgements,
      changes: [],
      settings: [],
    };
    if (preface) response.held.push({ type: Backend.ParseComplete, body: preface, bytes: preface });
    let stopWatching: (() => void) | undefined;
    try {
      for (;;) {
        const run = streams && response.isPartlySent ? backend.pollRun(passes) : undefined;
        if (run) {
          client.write(run);
          if (pace === "client's") await client.drained();
        }
        const received = backend.poll() ?? (await backend.expect());
        switch (received.type) {
          case Backend.NoticeResponse:
            if (this.#takeNotice(received, response, streams)) {
              stopWatching ??= this.#locks.watch(backend.processId);
            }
            break;
          case Backend.ErrorResponse:
            response.error = parseErrorFields(received.body);
            response.errorMessage = received;
            break;
          case Backend.ReadyForQuery:
            // The client has received these responses already, from the first run of the statement.
            if (copy?.started && !response.copied) response.held.length = 0;
            this.status = response.status = String.fromCharCode(
              received.body[0] as number,
            ) as TransactionStatus;
            return response;
          case Backend.ParameterStatus:
            this.#takeParameter(received);
            client.write(received.bytes);
            break;
          case Backend.CopyInResponse:
            this.#copy(received, response, copy);
            break;
          default:
            if (received.type === Backend.CommandComplete) response.tag = parseCommandTag(received.body);
            if (!streams || isAcknowledgement(received.type)) {
              response.held.push(received);
              break;
            }
            // Up to here the request could have been retried without the client noticing.
            for (const { bytes } of clientsOwn(response)) client.write(bytes);
            response.held.length = 0;
            client.write(received.bytes);
            response.isPartlySent = true;
        }
      }
    } finally {
      stopWatching?.();
    }
  }

  /** Forwards what came before PostgreSQL's request for rows, but only once: not when the statement is retried. */
  #copy(request: WireMessage, response: BackendResponse, copy?: CopySource): void {
    if (!copy) {
      this.#backend.write(copyFail("COPY FROM STDIN cannot be run here"));
      return;
    }
    if (!copy.started) for (const { bytes } of clientsOwn(response)) this.#client.write(bytes);
    response.held.length = 0;
    response.copied = true;
    copy.feed(this.#backend, request);
  }

  #takeParameter({ body }: WireMessage): void {
    const [name, value] = body.toString("latin1").split("\0");
    if (name === "client_encoding") this.encoding = textEncodingOf(value);
    else if (name === "TimeZone") this.timeZone = value ?? "UTC";
  }

  /** @returns whether the notice says that the request waits for a lock. */
  #takeNotice(received: WireMessage, response: BackendResponse, streams: boolean): boolean {
    const sqlstate = sqlstateOf(received.body);
    if (sqlstate === MARK_SQLSTATE) {
      response.changes.push(parseTableChange(received.body));
      return false;
    }
    if (sqlstate === SETTING_SQLSTATE) {
      response.settings.push(parseSetting(received.body));
      return false;
    }
    const notice = parseErrorFields(received.body);
    if (isLockWait(notice)) return true;
    if (notice.severity === "LOG") return false;
    if (streams && response.isPartlySent) this.#client.write(received.bytes);
    else response.held.push(received);
    return false;
  }
}
