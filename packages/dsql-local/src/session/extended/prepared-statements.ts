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
  /** Undefined where the text is empty, holds several statements or is no SQL: PostgreSQL responds to that itself. */
  statement?: Statement | undefined;
  locking?: LockingRead | undefined;
  /** The endpoint's parser has found a syntax error. */
  isUnreadable?: boolean;
  /** The text as PostgreSQL gets it. */
  text: string;
  /** Whether that is what the client has written. */
  isUnchanged: boolean;
  /** How `text` is written. */
  encoding: TextEncoding;
  /** What follows the text in Parse: the parameters' types. */
  types: Buffer;
}

/** What was fetched of a portal before PostgreSQL lost it. */
export interface Rest {
  transaction: Transaction;
  description: WireMessage;
  rows: WireMessage[];
  /** The command tag of the whole result; the tag of each page counts the rows of that page. */
  tag: string;
}

export interface Portal {
  name: string;
  prepared: PreparedStatement | undefined;
  /** What follows the two names in Bind. */
  values: Buffer;
  /** How often the transaction's work had been undone in PostgreSQL when this was bound. */
  boundAt: number;
  /** What PostgreSQL had left of it when it was taken away. */
  rest?: Rest | undefined;
}

/** Reads the zero-terminated name at a position, one character for each byte; returns the position after it. */
export function readName(body: Buffer, at: number): [name: string, next: number] {
  const end = body.indexOf(0, at);
  if (end < 0) return [body.toString("latin1", at), body.length];
  return [body.toString("latin1", at, end), end + 1];
}

/** Above it a Parse is read each time. */
const MAX_CACHED_BYTES = 64 * 1024;
const parses = new RecentCache<PreparedStatement>({ maxEntries: 1000, maxWeight: 4 * 1024 * 1024 });

/** What a Parse prepares; the same bytes give the same object as long as they are not forgotten. */
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
  // PostgreSQL gets the bytes as they came, and says what is wrong with them.
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

/** What a session has prepared and bound. */
export class PreparedStatements {
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();

  parsed(prepared: PreparedStatement): void {
    this.#statements.set(prepared.name, prepared);
  }

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

  /** What a Describe, Execute or Close names. */
  statement(name: string): PreparedStatement | undefined {
    return this.#statements.get(name);
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** Columns that are the endpoint's own in what the messages describe. */
  addedColumns(messages: readonly WireMessage[]): number {
    const described = messages.find(({ type }) => type === Frontend.Describe);
    if (!described) return 0;
    const [name] = readName(described.body, 1);
    const prepared = described.body[0] === 0x53 ? this.statement(name) : this.portal(name)?.prepared;
    return prepared?.locking?.columnMarks.length ?? 0;
  }

  closed(kind: "statement" | "portal", name: string): void {
    (kind === "statement" ? this.#statements : this.#portals).delete(name);
  }
}
