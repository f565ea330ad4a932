import { sandboxText } from "../../conflicts/sandbox-names.ts";
import type { Statement } from "../../statements/statement.ts";
import { terminated } from "../../wire/client-encoding.ts";
import { close, describe, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Frontend } from "../../wire/message-types.ts";
import { int16, message } from "../../wire/message-writer.ts";
import type { Request } from "../exchange/backend-turn.ts";
import type { RequestForm } from "../exchange/work.ts";
import { type Portal, type PreparedStatement, readName } from "./prepared-statements.ts";

/** The name under which statements that work on copies are prepared. */
const COPY_STATEMENT = "dsql_local: copy";

/** A client's messages up to an Execute, and what they refer to. */
export interface Unit {
  messages: readonly WireMessage[];
  portal: Portal | undefined;
  /** Whether the portal was bound before, and PostgreSQL has closed it since. */
  rebind: boolean;
  prepared: (name: string) => PreparedStatement | undefined;
}

const parse = (
  name: string,
  text: string,
  { encoding, types }: Pick<PreparedStatement, "encoding" | "types">,
): Buffer => message(Frontend.Parse, terminated(name, "latin1"), terminated(text, encoding), types);
const bind = (portal: string, statement: string, values: Buffer): Buffer =>
  message(Frontend.Bind, terminated(portal, "latin1"), terminated(statement, "latin1"), values);

/** Collects messages, and which acknowledgements of Parse, Bind and Close the client must not see. */
class RequestWriter {
  readonly #bytes: Buffer[] = [];
  readonly #ownAcknowledgements: boolean[] = [];

  /** Adds a message of the client, or a replacement for one. */
  send(bytes: Buffer): void {
    this.#bytes.push(bytes);
    const type = bytes[0];
    if (type === Frontend.Parse || type === Frontend.Bind || type === Frontend.Close)
      this.#ownAcknowledgements.push(false);
  }

  /** Adds a Parse, Bind or Close that the client has not sent. */
  sendOwn(bytes: Buffer): void {
    this.#bytes.push(bytes);
    this.#ownAcknowledgements.push(true);
  }

  finish(): Request {
    return { bytes: Buffer.concat([...this.#bytes, sync]), ownAcknowledgements: this.#ownAcknowledgements };
  }
}

/** Whether a message is forwarded to PostgreSQL unchanged. */
const isAsWritten =
  (unit: Unit) =>
  ({ type, body }: WireMessage): boolean =>
    type !== Frontend.Parse || (unit.prepared(readName(body, 0)[0])?.isUnchanged ?? true);

/** The unnamed statement, if a unit uses but does not prepare it: the endpoint's own queries may have replaced it. */
function unnamedStatement({ messages, prepared }: Unit): PreparedStatement | undefined {
  for (const { type, body } of messages) {
    if (type === Frontend.Parse) return undefined;
    const nameless = type === Frontend.Bind ? body[body.indexOf(0) + 1] === 0 : isDescribe(type, body);
    if (nameless) return prepared("");
  }
  return undefined;
}

/** The first byte of a Describe of a statement, not of a portal: S. */
const STATEMENT = 0x53;

/** Whether a message describes the unnamed statement. */
const isDescribe = (type: number, body: Buffer): boolean =>
  type === Frontend.Describe && body[0] === STATEMENT && body[1] === 0;

/** The request that PostgreSQL gets for a unit. */
export function unitRequest(unit: Unit, { again, plain }: RequestForm): Request {
  const { portal } = unit;
  const unnamed = unit.rebind ? portal?.prepared : unnamedStatement(unit);
  if (
    !again &&
    !plain &&
    !unit.rebind &&
    !unnamed &&
    !portal?.prepared?.locking &&
    unit.messages.every(isAsWritten(unit))
  ) {
    return { bytes: Buffer.concat([...unit.messages.map(({ bytes }) => bytes), sync]) };
  }
  const writer = new RequestWriter();
  const textOf = ({ statement, text }: PreparedStatement): string =>
    (plain ? statement?.text : undefined) ?? text;
  if (unnamed?.name === "") writer.sendOwn(parse("", textOf(unnamed), unnamed));
  if (unit.rebind && portal?.prepared) {
    writer.sendOwn(bind(portal.name, portal.prepared.name, withFormats(portal, plain)));
  }
  for (const original of unit.messages) {
    if (original.type === Frontend.Parse) {
      const [name] = readName(original.body, 0);
      const prepared = unit.prepared(name);
      if (again && name !== "") writer.sendOwn(close("statement", name));
      writer.send(prepared ? parse(name, textOf(prepared), prepared) : original.bytes);
    } else if (original.type === Frontend.Bind && portal?.prepared?.locking && !plain) {
      const [name, next] = readName(original.body, 0);
      const [statement] = readName(original.body, next);
      writer.send(bind(name, statement, withFormats(portal, plain)));
    } else {
      writer.send(original.bytes);
    }
  }
  return writer.finish();
}

/**
 * The request for a transaction that works on copies of tables: its statement is prepared again with the copies' names in its
 * text, under a name that the endpoint chose, and Bind and Describe refer to that name.
 */
export function sandboxedUnit(
  unit: Unit,
  { again }: RequestForm,
  isCopied: (schema: string, table: string) => boolean,
): Request {
  const writer = new RequestWriter();
  const { portal } = unit;
  const prepared = portal?.prepared;
  const prepare = (isClients: boolean): void => {
    writer.sendOwn(close("statement", COPY_STATEMENT));
    const text = sandboxText(prepared?.statement as Statement, isCopied);
    const bytes = parse(COPY_STATEMENT, text, prepared ?? { encoding: "utf8", types: int16(0) });
    if (isClients) writer.send(bytes);
    else writer.sendOwn(bytes);
  };
  const binds = unit.messages.some(({ type }) => type === Frontend.Bind);
  if (unit.rebind && portal) {
    prepare(false);
    writer.sendOwn(bind(portal.name, COPY_STATEMENT, portal.values));
  }
  let isPrepared = !binds;
  for (const original of unit.messages) {
    const [name, next] = readName(original.body, original.type === Frontend.Describe ? 1 : 0);
    if (original.type === Frontend.Parse && name === "") {
      prepare(true);
      isPrepared = true;
    } else if (original.type === Frontend.Parse) {
      if (again) writer.sendOwn(close("statement", name));
      const own = unit.prepared(name);
      writer.send(own ? parse(name, own.text, own) : original.bytes);
    } else if (original.type === Frontend.Bind) {
      if (!isPrepared) prepare(false);
      isPrepared = true;
      const [, values] = readName(original.body, next);
      writer.send(bind(name, COPY_STATEMENT, original.body.subarray(values)));
    } else if (original.type === Frontend.Describe && original.body[0] === STATEMENT && name === "") {
      writer.send(describe("statement", COPY_STATEMENT));
    } else {
      writer.send(original.bytes);
    }
  }
  return writer.finish();
}

/** Bind's values; if each column has its own format, the added columns get one too. */
function withFormats({ values, prepared }: Portal, plain: boolean): Buffer {
  const added = plain ? 0 : (prepared?.locking?.columnMarks.length ?? 0);
  let at = 2 + 2 * values.readUInt16BE(0);
  const parameters = values.readUInt16BE(at);
  at += 2;
  for (let i = 0; i < parameters; i++) at += 4 + Math.max(0, values.readInt32BE(at));
  const formats = values.readUInt16BE(at);
  // No format or a single one applies to all columns, and text is the same in both formats.
  if (added === 0 || formats < 2) return values;
  return Buffer.concat([
    values.subarray(0, at),
    int16(formats + added),
    values.subarray(at + 2),
    Buffer.alloc(2 * added),
  ]);
}
