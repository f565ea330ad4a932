import type { Statement } from "../../statements/statement.ts";
import { parseComplete } from "../../wire/backend-messages.ts";
import { terminated } from "../../wire/client-encoding.ts";
import { close, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Frontend } from "../../wire/message-types.ts";
import { message } from "../../wire/message-writer.ts";
import type { SessionState } from "../transaction/session-state.ts";
import type { PreparedStatement } from "./prepared-statements.ts";

/** A statement is kept prepared from this use on. */
const KEPT_FROM = 3;
const MAX_KEPT = 100;
/** Maximum number of statements that are counted but not kept yet. */
const MAX_COUNTED = 1000;
const MAX_PARSE_BYTES = 8 * 1024;
const PORTAL = 0x50;
/** Statements of the kind `other` that cannot change settings or deallocate prepared statements. */
const HARMLESS: ReadonlySet<string | undefined> = new Set(["VariableShowStmt", "ExplainStmt"]);

/** Whether the messages are Parse, Bind, Describe and Execute of an unnamed statement and portal. */
function isWholeQuery(messages: readonly WireMessage[]): boolean {
  const [parse, bind, describe, execute] = messages;
  return (
    messages.length === 4 &&
    parse?.type === Frontend.Parse &&
    parse.body[0] === 0 &&
    parse.body.length <= MAX_PARSE_BYTES &&
    bind?.type === Frontend.Bind &&
    bind.body[0] === 0 &&
    bind.body[1] === 0 &&
    describe?.type === Frontend.Describe &&
    describe.body[0] === PORTAL &&
    execute?.type === Frontend.Execute
  );
}

/** Parse with a name, or Bind of the unnamed portal to that statement. */
const parseAs = (name: string, { body }: WireMessage): Buffer =>
  message(Frontend.Parse, name, body.subarray(1));
const bindTo = (name: string, { body }: WireMessage): Buffer =>
  message(Frontend.Bind, "", name, body.subarray(2));

/** The request for a kept statement, which has a name that the endpoint chose. */
export interface KeptRequest {
  bytes: Buffer;
  /** A response that the client expects, but PostgreSQL does not send because the statement is prepared already. */
  missingResponse: Buffer | undefined;
  /** To be called when PostgreSQL has responded. */
  done(succeeded: boolean): void;
}

/**
 * Queries that a client sends repeatedly without a name, kept prepared in PostgreSQL, which then plans them only once.
 *
 * They are closed when the schema changes, and none is kept in a session that changes its settings or its prepared
 * statements by SQL: PostgreSQL refuses a plan whose columns have changed, as they may with another search_path.
 */
export class PreparedStatementCache {
  readonly #session: SessionState;
  /** How often each statement that is not kept has been used. */
  readonly #times = new Map<PreparedStatement, number>();
  /** The names in PostgreSQL of the statements that are kept. */
  readonly #names = new Map<PreparedStatement, string>();
  /** How many have been kept so far; part of the next one's name. */
  #count = 0;
  /** The version of the schema for which statements are kept. */
  #schemaVersion: number | undefined;
  /** Whether every kept statement must be closed before the next use. */
  #isOutdated = false;
  /** Whether the session has changed its settings or its prepared statements by SQL, after which no statement is kept. */
  #isOff = false;
  /** Whether PostgreSQL's unnamed statement is not the client's, whose Parse was not forwarded. */
  #isUnnamedElsewhere = false;

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** To be called when the client's unnamed statement is forwarded to PostgreSQL. */
  unnamedSent(): void {
    this.#isUnnamedElsewhere = false;
  }

  /** To be called before each statement; one that may change settings turns the cache off. */
  runs({ kind, tree, source }: Statement): void {
    const isChange = kind === "other" && !HARMLESS.has(Object.keys(tree ?? {})[0]);
    if (isChange || /set_config/i.test(source)) this.#isOff = true;
  }

  /** Whether this is the client's unnamed statement, and PostgreSQL does not have it. */
  lacks(prepared: PreparedStatement | undefined): prepared is PreparedStatement {
    return this.#isUnnamedElsewhere && prepared?.name === "";
  }

  /** Prepares the client's unnamed statement in PostgreSQL. */
  async restore({ text, types, encoding }: PreparedStatement): Promise<void> {
    const { mutex, turn } = this.#session;
    const bytes = Buffer.concat([message(Frontend.Parse, "", terminated(text, encoding), types), sync]);
    const { error } = await mutex.run(() => turn.hold({ bytes }));
    if (!error) this.#isUnnamedElsewhere = false;
  }

  /** The request to send instead of the messages, if they are an unnamed query that has been used often enough. */
  async request(
    prepared: PreparedStatement,
    messages: readonly WireMessage[],
  ): Promise<KeptRequest | undefined> {
    if (this.#isOff || prepared.statement?.kind !== "read" || !isWholeQuery(messages)) return undefined;
    const [parse, bind, describe, execute] = messages as [WireMessage, WireMessage, WireMessage, WireMessage];
    const kept = await this.#keep(prepared);
    if (!kept) return undefined;
    const { name, isNew } = kept;
    this.#isUnnamedElsewhere = true;
    const parts = [bindTo(name, bind), describe.bytes, execute.bytes, sync];
    if (isNew) parts.unshift(parseAs(name, parse));
    return {
      bytes: Buffer.concat(parts),
      missingResponse: isNew ? undefined : parseComplete,
      done: (succeeded) => {
        if (!isNew) return;
        this.#names.set(prepared, name);
        // It may or may not have been prepared.
        if (!succeeded) this.#isOutdated = true;
      },
    };
  }

  /** The name for a statement that has been used often enough. */
  async #keep(prepared: PreparedStatement): Promise<{ name: string; isNew: boolean } | undefined> {
    const { schemaVersion } = this.#session.adjudicator;
    if (this.#isOutdated || schemaVersion !== this.#schemaVersion) await this.#forget(schemaVersion);
    const known = this.#names.get(prepared);
    if (known !== undefined) return { name: known, isNew: false };
    const times = (this.#times.get(prepared) ?? 0) + 1;
    if (this.#times.size >= MAX_COUNTED) this.#times.clear();
    this.#times.set(prepared, times);
    if (times < KEPT_FROM) return undefined;
    this.#times.delete(prepared);
    if (this.#names.size >= MAX_KEPT) await this.#forget(schemaVersion);
    return { name: `dsql_local: ${++this.#count}`, isNew: true };
  }

  /** Closes every kept statement in PostgreSQL. */
  async #forget(schemaVersion: number): Promise<void> {
    this.#isOutdated = false;
    this.#schemaVersion = schemaVersion;
    if (this.#names.size === 0) return;
    const closes = [...this.#names.values()].map((name) => close("statement", name));
    this.#names.clear();
    await this.#session.turn.hold({ bytes: Buffer.concat([...closes, sync]) });
  }
}
