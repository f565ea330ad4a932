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

interface Executed {
  portal: Portal;
}

/** The execution of a portal as work for the session. */
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
    plans: PreparedStatementCache,
    statement: Statement,
    unit: Omit<Unit, "portal" | "rebind"> & Executed,
  ) {
    this.#session = session;
    this.#cache = plans;
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

  async stream(pace: Pace): Promise<BackendResponse> {
    const { turn } = this.#session;
    const { prepared } = this.#portal;
    const kept = prepared?.isUnchanged ? await this.#cache.request(prepared, this.#messages) : undefined;
    if (!kept) {
      return turn.stream(this.request(FIRST_TIME), { copy: this.copy, pace });
    }
    const response = await turn.stream(
      { bytes: kept.bytes },
      { copy: this.copy, pace, preface: kept.missingResponse },
    );
    kept.done(!response.error);
    return response;
  }

  #unit(): Unit {
    const messages = this.#messages;
    const portal = this.#portal;
    const transaction = this.#transaction;
    const isLost = transaction !== undefined && portal.boundAt !== transaction.timesUndone;
    const rebind = isLost && !messages.some(({ type }) => type === Frontend.Bind);
    return { messages, portal, prepared: this.#prepared, rebind };
  }
}
