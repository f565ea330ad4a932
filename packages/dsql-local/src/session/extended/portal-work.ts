import type { LockingRead } from "../../conflicts/locking-read.ts";
import type { Statement } from "../../statements/statement.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Frontend } from "../../wire/message-types.ts";
import type { BackendResponse, Pace, Request } from "../exchange/backend-turn.ts";
import { CopySource } from "../exchange/copy-source.ts";
import { FIRST_TIME, type RequestForm, type Work } from "../exchange/work.ts";
import type { SessionState } from "../transaction/session-state.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { sandboxedUnit, type Unit, unitRequest } from "./portal-requests.ts";
import type { PreparedStatementCache } from "./prepared-statement-cache.ts";
import type { Portal } from "./prepared-statements.ts";

/**
 * The execution of a portal (Execute, with the Parse, Bind and Describe that came with it) as work that the session can run,
 * and retry when it has met another transaction.
 */
export class PortalWork implements Work {
  readonly statement: Statement;
  readonly locking: LockingRead | undefined;
  readonly copy: CopySource;
  readonly #session: SessionState;
  readonly #cache: PreparedStatementCache;
  readonly #transaction: Transaction | undefined;
  readonly #messages: readonly WireMessage[];
  readonly #portal: Portal;
  readonly #prepared: Unit["prepared"];

  constructor(
    session: SessionState,
    cache: PreparedStatementCache,
    statement: Statement,
    unit: Omit<Unit, "portal" | "rebind"> & { portal: Portal },
  ) {
    this.#session = session;
    this.#cache = cache;
    this.#transaction = session.transaction;
    this.#messages = unit.messages;
    this.#portal = unit.portal;
    this.#prepared = unit.prepared;
    this.statement = statement;
    this.locking = unit.portal.prepared?.locking;
    this.copy = new CopySource(session.client, true);
  }

  request(form: RequestForm): Request {
    return unitRequest(this.#unit(), form);
  }

  sandboxed(form: RequestForm, isCopied: (schema: string, table: string) => boolean): Request {
    return sandboxedUnit(this.#unit(), form, isCopied);
  }

  /** Runs it once and forwards the rows as they arrive; uses the statement that is kept prepared in PostgreSQL if there is one. */
  async stream(pace: Pace): Promise<BackendResponse> {
    const { turn } = this.#session;
    const { prepared } = this.#portal;
    const cached = prepared?.isUnchanged ? await this.#cache.request(prepared, this.#messages) : undefined;
    if (!cached) {
      return turn.stream(this.request(FIRST_TIME), { copy: this.copy, pace });
    }
    const response = await turn.stream(
      { bytes: cached.bytes },
      { copy: this.copy, pace, preface: cached.missingResponse },
    );
    cached.done(!response.error);
    return response;
  }

  /** The messages for the next run: whether the portal must be bound again may change between runs. */
  #unit(): Unit {
    const messages = this.#messages;
    const portal = this.#portal;
    const transaction = this.#transaction;
    // PostgreSQL closes a portal when it undoes the work of the transaction.
    const isLost = transaction !== undefined && portal.boundAt !== transaction.timesUndone;
    const rebind = isLost && !messages.some(({ type }) => type === Frontend.Bind);
    return { messages, portal, prepared: this.#prepared, rebind };
  }
}
