import type { LockingRead } from "../conflicts/locking-read.ts";
import type { Statement } from "../sql/statement.ts";
import type { WireMessage } from "../wire/message-reader.ts";
import { Frontend } from "../wire/message-types.ts";
import type { Answer, Pace } from "./backend-turn.ts";
import { CopySource } from "./copy-source.ts";
import { sandboxedUnit, type Unit, unitRequest } from "./portal-requests.ts";
import type { Portal } from "./prepared-statements.ts";
import type { SessionState } from "./session-state.ts";
import type { Transaction } from "./transaction.ts";
import { FIRST_TIME, type Request, type RequestForm, type Work } from "./work.ts";

interface Executed {
  portal: Portal;
}

/** The execution of a portal as work for the session. */
export class PortalWork implements Work {
  readonly statement: Statement;
  readonly locking: LockingRead | undefined;
  readonly copy: CopySource;
  readonly #session: SessionState;
  readonly #transaction: Transaction | undefined;
  readonly #messages: readonly WireMessage[];
  readonly #portal: Portal;
  readonly #prepared: Unit["prepared"];

  constructor(session: SessionState, statement: Statement, unit: Omit<Unit, "portal" | "rebind"> & Executed) {
    this.#session = session;
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

  async stream(pace: Pace): Promise<Answer> {
    const { client, turn, plans } = this.#session;
    const { prepared } = this.#portal;
    const kept = prepared?.isUnchanged ? await plans.request(prepared, this.#messages) : undefined;
    if (!kept) return turn.stream(this.request(FIRST_TIME).bytes, this.copy, pace);
    if (kept.answered) client.write(kept.answered);
    const answer = await turn.stream(kept.bytes, this.copy, pace);
    kept.done(!answer.error);
    return answer;
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
