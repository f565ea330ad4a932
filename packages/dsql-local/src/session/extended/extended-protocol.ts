import type { Statement } from "../../statements/statement.ts";
import { bindComplete, closeComplete, noData, parseComplete } from "../../wire/backend-messages.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend, Frontend } from "../../wire/message-types.ts";
import { int16, message } from "../../wire/message-writer.ts";
import { deliver } from "../exchange/deliver.ts";
import { UNREADABLE } from "../exchange/problems.ts";
import { FIRST_TIME, type Work } from "../exchange/work.ts";
import type { SessionState } from "../transaction/session-state.ts";
import { refusalOf } from "../transaction/statement-judge.ts";
import { isControl, runStatement } from "../transaction/statement-runner.ts";
import type { TransactionControl } from "../transaction/transaction-control.ts";
import { type Unit, unitRequest } from "./portal-requests.ts";
import { PortalWork } from "./portal-work.ts";
import { PreparedStatementCache } from "./prepared-statement-cache.ts";
import {
  type Portal,
  type PreparedStatement,
  PreparedStatements,
  readName,
  readParse,
} from "./prepared-statements.ts";
import type { SuspendedPortals } from "./suspended-portals.ts";

/** The outcome of one message. */
type Outcome = "done" | "failed" | "copied";

const noParameters = message(Backend.ParameterDescription, int16(0));

/** Parse, Bind, Describe, Execute, Close: gathered up to Flush or Sync, and run in units that end at an Execute. */
export class ExtendedProtocol {
  readonly #session: SessionState;
  readonly #control: TransactionControl;
  readonly #suspended: SuspendedPortals;
  readonly #names = new PreparedStatements();
  readonly #cache: PreparedStatementCache;
  #gathered: WireMessage[] = [];
  /** Messages not yet forwarded, up to the next Execute. */
  #unit: WireMessage[] = [];
  /** After an error everything up to Sync is skipped. */
  #failed = false;

  constructor(session: SessionState, control: TransactionControl, suspended: SuspendedPortals) {
    this.#session = session;
    this.#control = control;
    this.#suspended = suspended;
    this.#cache = new PreparedStatementCache(session);
    session.onStatement = (statement) => this.#cache.runs(statement);
  }

  /** Gathers a message that needs no response yet. */
  gather(received: WireMessage): void {
    if (!this.#failed) this.#gathered.push(received);
  }

  /** Runs the gathered messages at a Flush or a Sync; returns whether ReadyForQuery is due. */
  async run(ends: boolean): Promise<boolean> {
    const messages = this.#gathered;
    this.#gathered = [];
    let isCopying = false;
    if (messages.length > 0) {
      await this.#openImplicit(messages, ends);
      isCopying = await this.#process(messages);
    }
    if (!ends) return false;
    const problem = await this.#control.endImplicit(!this.#failed);
    if (problem) this.#session.client.write(errorResponse(problem));
    this.#failed = false;
    // PostgreSQL ignores the Sync that was sent along with COPY; another one comes after the rows.
    return !isCopying;
  }

  /** A batch of more than one statement, or whose end has not arrived yet, is a transaction. */
  async #openImplicit(messages: readonly WireMessage[], ends: boolean): Promise<void> {
    if (this.#session.transaction) return;
    const executes = messages.filter(({ type }) => type === Frontend.Execute).length;
    const binds = messages.some(({ type }) => type === Frontend.Bind);
    if (executes > 1 || (!ends && binds)) await this.#session.beginImplicit();
  }

  /** Runs messages until one fails; returns whether rows were copied in. */
  async #process(messages: readonly WireMessage[]): Promise<boolean> {
    this.#unit = [];
    for (const received of messages) {
      const taken = this.#take(received);
      const outcome = typeof taken === "string" ? taken : await taken;
      if (outcome === "copied") return true;
      if (outcome === "failed") {
        this.#failed = true;
        return false;
      }
    }
    if (!(await this.#sendUnit())) this.#failed = true;
    return false;
  }

  #take(received: WireMessage): Outcome | Promise<Outcome> {
    switch (received.type) {
      case Frontend.Parse: {
        const prepared = readParse(received, this.#session.turn.encoding);
        if (prepared.statement?.refusal) return this.#refuse(prepared);
        this.#names.parsed(prepared);
        if (prepared.name === "") this.#cache.unnamedSent();
        return this.#respondOrGather(received, prepared, parseComplete);
      }
      case Frontend.Bind: {
        const portal = this.#names.bound(received, this.#session.transaction?.timesUndone ?? 0);
        return this.#respondOrGather(received, portal.prepared, bindComplete);
      }
      case Frontend.Execute:
        return this.#execute(received);
      default:
        return this.#describeOrClose(received);
    }
  }

  async #refuse(prepared: PreparedStatement): Promise<Outcome> {
    if (!(await this.#sendUnit())) return "failed";
    const problem = await refusalOf(this.#session, prepared.statement as Statement);
    if (problem) await this.#session.fail(problem);
    return "failed";
  }

  /** Responds itself if PostgreSQL does not know the statement, because the endpoint runs it (BEGIN, COMMIT, ROLLBACK). */
  #respondOrGather(
    received: WireMessage,
    prepared: PreparedStatement | undefined,
    response: Buffer,
  ): Outcome | Promise<Outcome> {
    if (prepared?.statement && isControl(prepared.statement)) return this.#respond(response);
    this.#unit.push(received);
    return this.#cache.lacks(prepared) ? this.#cache.restore(prepared).then(() => "done") : "done";
  }

  async #respond(response: Buffer): Promise<Outcome> {
    if (!(await this.#sendUnit())) return "failed";
    this.#session.client.write(response);
    return "done";
  }

  #describeOrClose(received: WireMessage): Outcome | Promise<Outcome> {
    const kind = received.body[0] === 0x53 ? "statement" : "portal";
    const [name] = readName(received.body, 1);
    const portal = kind === "portal" ? this.#names.portal(name) : undefined;
    const prepared = kind === "statement" ? this.#names.statement(name) : portal?.prepared;
    if (received.type === Frontend.Close) {
      if (portal) this.#suspended.closed(portal);
      this.#names.closed(kind, name);
      return this.#respondOrGather(received, prepared, closeComplete);
    }
    if (portal && this.#suspended.has(portal)) return this.#respond(this.#suspended.description(portal));
    const description = kind === "statement" ? Buffer.concat([noParameters, noData]) : noData;
    return this.#respondOrGather(received, prepared, description);
  }

  async #execute(received: WireMessage): Promise<Outcome> {
    const [name, next] = readName(received.body, 0);
    const portal = this.#names.portal(name);
    const statement = portal?.prepared?.statement;
    if (portal && this.#suspended.has(portal)) {
      if (!(await this.#sendUnit())) return "failed";
      this.#suspended.serve(portal, received.body.readInt32BE(next));
      return "done";
    }
    if (statement && isControl(statement)) {
      if (!(await this.#sendUnit())) return "failed";
      return (await this.#control.run(statement)) ? "done" : "failed";
    }
    if (portal?.prepared?.isUnreadable) {
      if (!(await this.#sendUnit())) return "failed";
      await this.#session.fail(UNREADABLE);
      return "failed";
    }
    this.#unit.push(received);
    if (!portal || !statement) return (await this.#sendUnit()) ? "done" : "failed";
    const work = this.#work(portal, statement);
    const problem = await refusalOf(this.#session, statement);
    const succeeded = problem ? await this.#session.fail(problem) : await runStatement(this.#session, work);
    portal.boundAt = this.#session.transaction?.timesUndone ?? 0;
    this.#suspended.executed(portal, received.body.readInt32BE(next));
    if (work.copy.started) return "copied";
    return succeeded ? "done" : "failed";
  }

  /** Forwards gathered messages that run no statement; returns whether PostgreSQL accepted them. */
  async #sendUnit(): Promise<boolean> {
    const messages = this.#unit;
    if (messages.length === 0) return true;
    this.#unit = [];
    const { client, mutex, turn, transaction } = this.#session;
    const unit: Unit = { messages, portal: undefined, rebind: false, prepared: this.#prepared };
    const request = unitRequest(unit, FIRST_TIME);
    const response = await mutex.run(async () => {
      if (this.#session.status === "T") await transaction?.enter();
      return turn.hold(request);
    });
    return deliver(client, response, { addedColumns: this.#names.addedColumns(messages) });
  }

  #work(portal: Portal, statement: Statement): Work {
    const unit = { messages: this.#unit, portal, prepared: this.#prepared };
    this.#unit = [];
    return new PortalWork(this.#session, this.#cache, statement, unit);
  }

  #prepared = (name: string): PreparedStatement | undefined => this.#names.statement(name);
}
