import { type LockingRead, lockingRead } from "../../conflicts/locking-read.ts";
import { readSql } from "../../statements/read-sql.ts";
import { RecentCache } from "../../statements/recent-cache.ts";
import type { Statement } from "../../statements/statement.ts";
import type { TextEncoding } from "../../wire/client-encoding.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Frontend } from "../../wire/message-types.ts";
import type { Transaction } from "../transaction/transaction.ts";

/** A statement that a client has prepared. */
export interface PreparedStatement {
  readonly name: string;
  /** Undefined if the text is empty, has several statements or is not SQL: PostgreSQL itself responds to that. */
  statement?: Statement | undefined;
  /** Set for a SELECT with FOR UPDATE or FOR KEY SHARE: its form without locks, which reports the rows. */
  locking?: LockingRead | undefined;
  /** The endpoint's parser has found a syntax error. */
  isUnreadable?: boolean;
  /** The text as PostgreSQL gets it. */
  text: string;
  /** Whether `text` is what the client wrote. */
  isUnchanged: boolean;
  /** The encoding of `text`. */
  encoding: TextEncoding;
  /** The bytes that follow the text in Parse: the parameters' types. */
  types: Buffer;
}

/** The remaining rows of a portal, fetched before a rollback in PostgreSQL closed it. */
export interface RemainingRows {
  transaction: Transaction;
  description: WireMessage;
  rows: WireMessage[];
  /** The command tag of the whole result; the tag of each page counts the rows of that page. */
  tag: string;
}

/** A portal that a client has bound. */
export interface Portal {
  name: string;
  prepared: PreparedStatement | undefined;
  /** The bytes that follow the two names in Bind: formats and parameter values. */
  values: Buffer;
  /** `timesUndone` of the transaction when it was bound: PostgreSQL has closed the portal if that has increased since. */
  boundAt: number;
  /** The rows that remained when PostgreSQL closed the portal. */
  rest?: RemainingRows | undefined;
}

/** Reads the zero-terminated name at a position, one character for each byte; returns the position after it. */
export function readName(body: Buffer, at: number): [name: string, next: number] {
  const end = body.indexOf(0, at);
  if (end < 0) return [body.toString("latin1", at), body.length];
  return [body.toString("latin1", at, end), end + 1];
}

/** The first byte of a Describe or Close of a statement: S. */
const STATEMENT = 0x53;
/** A longer Parse is not cached. */
const MAX_CACHED_BYTES = 64 * 1024;
const parses = new RecentCache<PreparedStatement>({ maxEntries: 1000, maxWeight: 4 * 1024 * 1024 });

/** Reads a Parse; the same bytes return the same object while they are cached. */
export function readParse({ body }: WireMessage, encoding: TextEncoding): PreparedStatement {
  if (body.length > MAX_CACHED_BYTES) return takeApart(body, encoding);
  const key = `${encoding} ${body.toString("latin1")}`;
  const known = parses.get(key);
  if (known) return known;
  const prepared = takeApart(Buffer.from(body), encoding);
  parses.set(key, prepared, body.length);
  return prepared;
}

function takeApart(body: Buffer, encoding: TextEncoding): PreparedStatement {
  const [name, afterName] = readName(body, 0);
  const end = body.indexOf(0, afterName);
  const sql = body.subarray(afterName, end < 0 ? body.length : end);
  const types = body.subarray(afterName + sql.length + 1);
  const common = { name, encoding, types };
  const parsed = readSql(sql, encoding);
  // PostgreSQL gets the bytes unchanged, and reports what is wrong with them.
  if (!parsed)
    return {
      ...common,
      text: sql.toString("latin1"),
      encoding: "latin1",
      isUnreadable: true,
      isUnchanged: true,
    };
  if (!("statements" in parsed))
    return { ...common, text: parsed.text, isUnreadable: true, isUnchanged: false };
  const text = sql.toString(encoding);
  if (parsed.statements.length !== 1) return { ...common, text, isUnchanged: true };
  const statement = parsed.statements[0] as Statement;
  const locking = lockingRead(statement);
  const sent = locking?.text ?? statement.text;
  return { ...common, statement, locking, text: sent, isUnchanged: sent === text };
}

/** The prepared statements and portals of a session, by name. */
export class PreparedStatements {
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();

  /** Registers the statement of a Parse message. */
  parsed(prepared: PreparedStatement): void {
    this.#statements.set(prepared.name, prepared);
  }

  /** Registers the portal of a Bind message. @param boundAt {@link Portal.boundAt} */
  bound({ body }: WireMessage, boundAt: number): Portal {
    const [name, afterName] = readName(body, 0);
    const [statement, afterStatement] = readName(body, afterName);
    const portal = {
      name,
      prepared: this.#statements.get(statement),
      values: body.subarray(afterStatement),
      boundAt,
    };
    this.#portals.set(name, portal);
    return portal;
  }

  /** The statement that a Describe or Close names. */
  statement(name: string): PreparedStatement | undefined {
    return this.#statements.get(name);
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** How many columns the endpoint added to the statement that the messages describe. */
  addedColumns(messages: readonly WireMessage[]): number {
    const described = messages.find(({ type }) => type === Frontend.Describe);
    if (!described) return 0;
    const [name] = readName(described.body, 1);
    const prepared = described.body[0] === STATEMENT ? this.statement(name) : this.portal(name)?.prepared;
    return prepared?.locking?.columnMarks.length ?? 0;
  }

  /** Removes what a Close message names. */
  closed(kind: "statement" | "portal", name: string): void {
    (kind === "statement" ? this.#statements : this.#portals).delete(name);
  }
}
