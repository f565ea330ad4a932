import {
  bindComplete,
  closeComplete,
  noData,
  parseComplete,
  type TransactionStatus,
} from "../wire/backend-messages.ts";
import { errorResponse } from "../wire/error-fields.ts";
import type { WireMessage } from "../wire/message-reader.ts";
import { Backend, Frontend } from "../wire/message-types.ts";
import { int16, message } from "../wire/message-writer.ts";
import { CopySource } from "./copy-source.ts";
import { deliver } from "./deliver.ts";
import { sandboxedUnit, type Unit, unitRequest } from "./portal-requests.ts";
import {
  type Portal,
  type PreparedStatement,
  PreparedStatements,
  readParse,
  readText,
} from "./prepared-statements.ts";
import type { SessionState } from "./session-state.ts";
import { isControl, type StatementRunner } from "./statement-runner.ts";
import type { SuspendedPortals } from "./suspended-portals.ts";
import type { TransactionControl } from "./transaction-control.ts";
import type { Work } from "./work.ts";

const noParameters = message(Backend.ParameterDescription, int16(0));

/** Parse, Bind, Describe, Execute, Close: gathered up to Flush or Sync, run in pieces that end at an Execute. */
export class ExtendedProtocol {
  readonly #session: SessionState;
  readonly #runner: StatementRunner;
  readonly #control: TransactionControl;
  readonly #suspended: SuspendedPortals;
  readonly #names = new PreparedStatements();
  #gathered: WireMessage[] = [];
  /** Messages not yet sent on, up to the next Execute. */
  #unit: WireMessage[] = [];
  /** After an error everything up to Sync is passed over. */
  #failed = false;

  constructor(
    session: SessionState,
    parts: { runner: StatementRunner; control: TransactionControl; suspended: SuspendedPortals },
  ) {
    this.#session = session;
    this.#runner = parts.runner;
    this.#control = parts.control;
    this.#suspended = parts.suspended;
  }

  /** Takes a message; answers whether ReadyForQuery is due. */
  async receive(received: WireMessage): Promise<boolean> {
    const ends = received.type === Frontend.Sync;
    if (!ends && received.type !== Frontend.Flush) {
      if (!this.#failed) this.#gathered.push(received);
      return false;
    }
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
    // During COPY the Sync that was sent along with it counts for nothing; another one comes after the rows.
    return !isCopying;
  }

  /** A batch that is more than one statement, or whose end has not come yet, is a transaction. */
  async #openImplicit(messages: readonly WireMessage[], ends: boolean): Promise<void> {
    if (this.#session.transaction) return;
    const executes = messages.filter(({ type }) => type === Frontend.Execute).length;
    const binds = messages.some(({ type }) => type === Frontend.Bind);
    if (executes > 1 || (!ends && binds)) await this.#session.beginImplicit();
  }

  /** Runs messages until one fails; answers whether rows were copied in. */
  async #process(messages: readonly WireMessage[]): Promise<boolean> {
    this.#unit = [];
    for (const received of messages) {
      const outcome = await this.#take(received);
      if (outcome === "copied") return true;
      if (outcome === "failed") {
        this.#failed = true;
        return false;
      }
    }
    if (!(await this.#sendUnit())) this.#failed = true;
    return false;
  }

  async #take(received: WireMessage): Promise<"done" | "failed" | "copied"> {
    switch (received.type) {
      case Frontend.Parse: {
        const prepared = readParse(received);
        if (prepared.statement?.refusal) return this.#refuse(prepared);
        this.#names.parsed(prepared);
        return this.#answerOrGather(received, prepared, parseComplete);
      }
      case Frontend.Bind: {
        const portal = this.#names.bound(received, this.#session.transaction?.timesUndone ?? 0);
        return this.#answerOrGather(received, portal.prepared, bindComplete);
      }
      case Frontend.Execute:
        return this.#execute(received);
      default:
        return this.#describeOrClose(received);
    }
  }

  async #refuse(prepared: PreparedStatement): Promise<"failed"> {
    if (!(await this.#sendUnit())) return "failed";
    const problem = await this.#runner.refusal({ statement: prepared.statement as Work["statement"] });
    if (problem) await this.#session.fail(problem);
    return "failed";
  }

  /** Statements that the endpoint runs itself are not known to PostgreSQL. */
  async #answerOrGather(
    received: WireMessage,
    prepared: PreparedStatement | undefined,
    answer: Buffer,
  ): Promise<"done" | "failed"> {
    if (!prepared?.statement || !isControl(prepared.statement)) {
      this.#unit.push(received);
      return "done";
    }
    if (!(await this.#sendUnit())) return "failed";
    this.#session.client.write(answer);
    return "done";
  }

  async #describeOrClose(received: WireMessage): Promise<"done" | "failed"> {
    const kind = received.body[0] === 0x53 ? "statement" : "portal";
    const [name] = readText(received.body, 1);
    const prepared = kind === "statement" ? this.#names.statement(name) : this.#names.portal(name)?.prepared;
    if (received.type === Frontend.Close) {
      const portal = kind === "portal" ? this.#names.portal(name) : undefined;
      if (portal) this.#suspended.closed(portal);
      this.#names.closed(kind, name);
      return this.#answerOrGather(received, prepared, closeComplete);
    }
    const description = kind === "statement" ? Buffer.concat([noParameters, noData]) : noData;
    return this.#answerOrGather(received, prepared, description);
  }

  async #execute(received: WireMessage): Promise<"done" | "failed" | "copied"> {
    const [name, next] = readText(received.body, 0);
    const portal = this.#names.portal(name);
    const statement = portal?.prepared?.statement;
    if (portal?.rest) {
      if (!(await this.#sendUnit())) return "failed";
      this.#suspended.serve(portal, received.body.readInt32BE(next));
      return "done";
    }
    if (statement && isControl(statement)) {
      if (!(await this.#sendUnit())) return "failed";
      return (await this.#control.run(statement)) ? "done" : "failed";
    }
    this.#unit.push(received);
    if (!portal || !statement) return (await this.#sendUnit()) ? "done" : "failed";
    const work = this.#work(portal, statement);
    const problem = await this.#runner.refusal(work);
    const succeeded = problem ? await this.#session.fail(problem) : await this.#runner.run(work);
    this.#suspended.executed(portal, received.body.readInt32BE(next));
    if (work.copy.started) return "copied";
    return succeeded ? "done" : "failed";
  }

  #work(portal: Portal, statement: Work["statement"]): Work {
    const { transaction } = this.#session;
    const messages = this.#unit;
    this.#unit = [];
    const unit: Unit = {
      messages,
      portal,
      prepared: (name) => this.#names.statement(name),
      get rebind(): boolean {
        const binds = messages.some(({ type }) => type === Frontend.Bind);
        return !binds && transaction !== undefined && portal.boundAt !== transaction.timesUndone;
      },
    };
    return {
      statement,
      locking: portal.prepared?.locking,
      copy: new CopySource(this.#session.client, true),
      request: (form) => unitRequest(unit, form),
      sandboxed: (form, isCopied) => sandboxedUnit(unit, form, isCopied),
    };
  }

  /** Sends gathered messages that run nothing; answers whether PostgreSQL took them. */
  async #sendUnit(): Promise<boolean> {
    const messages = this.#unit;
    if (messages.length === 0) return true;
    this.#unit = [];
    const { client, gate, turn, transaction } = this.#session;
    const prepared = (name: string): PreparedStatement | undefined => this.#names.statement(name);
    const unit: Unit = { messages, portal: undefined, rebind: false, prepared };
    const { bytes, ownAnswers } = unitRequest(unit, { again: false, plain: false });
    const answer = await gate.run(async () => {
      if (this.#session.status === "T") await transaction?.enter();
      return turn.hold(bytes);
    });
    return deliver(client, answer, { ownAnswers, addedColumns: this.#addedColumns(messages) });
  }

  /** Columns that are the endpoint's own in what the messages describe. */
  #addedColumns(messages: readonly WireMessage[]): number {
    const described = messages.find(({ type }) => type === Frontend.Describe);
    if (!described) return 0;
    const [name] = readText(described.body, 1);
    const prepared =
      described.body[0] === 0x53 ? this.#names.statement(name) : this.#names.portal(name)?.prepared;
    return prepared?.locking?.columnMarks.length ?? 0;
  }

  /** What ReadyForQuery is to say. */
  get status(): TransactionStatus {
    return this.#session.status;
  }
}
