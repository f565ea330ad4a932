import { isLockWait, type LockWatch } from "../../conflicts/lock-watch.ts";
import { MARK_SQLSTATE } from "../../conflicts/mark-trigger-sql.ts";
import { parseRowChange, type RowChange } from "../../conflicts/row-change.ts";
import type { BackendConnection } from "../../wire/backend-connection.ts";
import { parseCommandTag, parseDataRow, type TransactionStatus } from "../../wire/backend-messages.ts";
import { type ErrorFields, parseErrorFields } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import { bind, copyFail, execute, parse, query, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend } from "../../wire/message-types.ts";
import type { CopySource } from "./copy-source.ts";

/** What PostgreSQL answered to one request; ReadyForQuery and errors are never sent on by themselves. */
export interface Answer {
  status: TransactionStatus;
  error?: ErrorFields | undefined;
  /** The tag of the last CommandComplete, where answers were held back. */
  tag?: string | undefined;
  /** What was held back, in order. */
  held: WireMessage[];
  /** It has asked for rows to copy in. */
  copied?: boolean | undefined;
  /** Rows that the request has changed, as the mark trigger told them. */
  changes: RowChange[];
}

/** How fast answers are read: as the client takes them, or as PostgreSQL gives them. */
export type Pace = "client's" | "own";

/** Messages that go to the client as they are. */
const passes = (type: number): boolean =>
  type !== Backend.NoticeResponse &&
  type !== Backend.ErrorResponse &&
  type !== Backend.ReadyForQuery &&
  type !== Backend.CopyInResponse;

function withRows(answer: Answer): Answer & { rows: (string | null)[][] } {
  const rows = answer.held
    .filter(({ type }) => type === Backend.DataRow)
    .map(({ body }) => parseDataRow(body));
  return { ...answer, rows };
}

/** Sends requests to PostgreSQL, one at a time, and sorts what comes back. */
export class BackendTurn {
  readonly #client: FrontendConnection;
  readonly #backend: BackendConnection;
  readonly #locks: LockWatch;
  readonly #callKey: string;
  /** The last transaction status that PostgreSQL reported. */
  status: TransactionStatus = "I";

  constructor(
    client: FrontendConnection,
    backend: BackendConnection,
    { locks, callKey }: { locks: LockWatch; callKey: string },
  ) {
    this.#client = client;
    this.#backend = backend;
    this.#locks = locks;
    this.#callKey = callKey;
  }

  /**
   * Runs a request that ends in one ReadyForQuery, and sends the answers on as they come: at the client's pace, or as
   * fast as PostgreSQL gives them where the transaction has locks that others may wait for.
   */
  stream(request: Buffer, copy?: CopySource, pace: Pace = "client's"): Promise<Answer> {
    return this.#run(request, pace, copy);
  }

  /** The same, but the answers are kept for the caller. */
  hold(request: Buffer, copy?: CopySource): Promise<Answer> {
    return this.#run(request, undefined, copy);
  }

  /** Runs SQL of the endpoint's own and answers its rows as text. */
  async query(sql: string): Promise<Answer & { rows: (string | null)[][] }> {
    return withRows(await this.#run(query(sql), undefined));
  }

  /**
   * Calls a function of the endpoint's own that no client may call. The key that it checks goes as a parameter, which
   * neither pg_stat_activity nor current_query() shows.
   */
  async call(name: string, values: readonly string[]): Promise<Answer & { rows: (string | null)[][] }> {
    const parameters = [this.#callKey, ...values];
    const numbers = parameters.map((_, index) => `$${index + 1}`).join(", ");
    const messages = [parse("", `SELECT pg_catalog.${name}(${numbers})`), bind("", "", parameters)];
    return withRows(await this.#run(Buffer.concat([...messages, execute(""), sync]), undefined));
  }

  async #run(request: Buffer, pace: Pace | undefined, copy?: CopySource): Promise<Answer> {
    const streams = pace !== undefined;
    const client = this.#client;
    const backend = this.#backend;
    const answer: Answer = { status: this.status, held: [], changes: [] };
    backend.write(request);
    backend.flush();
    for (;;) {
      const run = streams ? backend.pollRun(passes) : undefined;
      if (run) {
        client.write(run);
        if (pace === "client's") await client.drained();
      }
      const message = backend.poll() ?? (await backend.expect());
      switch (message.type) {
        case Backend.NoticeResponse:
          this.#notice(message, answer, streams);
          break;
        case Backend.ErrorResponse:
          answer.error = parseErrorFields(message.body);
          break;
        case Backend.ReadyForQuery:
          // What a statement that runs again has told before.
          if (copy?.started && !answer.copied) answer.held.length = 0;
          this.status = answer.status = String.fromCharCode(message.body[0] as number) as TransactionStatus;
          return answer;
        case Backend.ParameterStatus:
          client.write(message.bytes);
          break;
        case Backend.CopyInResponse:
          this.#copy(message, answer, copy);
          break;
        default:
          if (message.type === Backend.CommandComplete) answer.tag = parseCommandTag(message.body);
          if (streams) client.write(message.bytes);
          else answer.held.push(message);
      }
    }
  }

  /** The client must see what came before the request for rows; when the statement runs again it has seen it. */
  #copy(request: WireMessage, answer: Answer, copy?: CopySource): void {
    if (!copy) {
      this.#backend.write(copyFail("COPY FROM STDIN cannot be run here"));
      return;
    }
    if (!copy.started) for (const { bytes } of answer.held) this.#client.write(bytes);
    answer.held.length = 0;
    answer.copied = true;
    copy.feed(this.#backend, request);
  }

  #notice(message: WireMessage, answer: Answer, streams: boolean): void {
    const notice = parseErrorFields(message.body);
    if (notice.sqlstate === MARK_SQLSTATE) answer.changes.push(parseRowChange(notice));
    else if (isLockWait(notice)) void this.#locks.waiting(this.#backend.processId).catch(() => {});
    else if (notice.severity === "LOG") return;
    else if (streams) this.#client.write(message.bytes);
    else answer.held.push(message);
  }
}
