import { terminated } from "./client-encoding.ts";
import { Frontend } from "./message-types.ts";
import { int16, int32, message } from "./message-writer.ts";

/** Encodes messages that a client sends; strings are zero-terminated. */
export const query = (sql: string): Buffer => message(Frontend.Query, sql);

export const parse = (name: string, sql: string, parameterTypes: readonly number[] = []): Buffer =>
  message(Frontend.Parse, name, sql, int16(parameterTypes.length), ...parameterTypes.map(int32));

/** Binds text parameters and requests text results. */
export function bind(portal: string, statement: string, values: readonly (string | null)[] = []): Buffer {
  const parts: Buffer[] = [int16(0), int16(values.length)];
  for (const value of values) {
    if (value === null) parts.push(int32(-1));
    else parts.push(int32(Buffer.byteLength(value)), Buffer.from(value));
  }
  return message(Frontend.Bind, portal, statement, ...parts, int16(0));
}

/** What a Describe or Close message names. */
export type Named = "statement" | "portal";
const kind = (what: Named): Buffer => Buffer.from(what === "statement" ? "S" : "P");

/** A name, byte for byte as it was read: as Latin-1. */
const nameBytes = (name: string): Buffer => terminated(name, "latin1");

export const describe = (what: Named, name: string): Buffer =>
  message(Frontend.Describe, kind(what), nameBytes(name));
export const close = (what: Named, name: string): Buffer =>
  message(Frontend.Close, kind(what), nameBytes(name));
/** @param maxRows 0 requests all. */
export const execute = (portal: string, maxRows = 0): Buffer =>
  message(Frontend.Execute, nameBytes(portal), int32(maxRows));
export const sync: Buffer = message(Frontend.Sync);
export const flush: Buffer = message(Frontend.Flush);
export const terminate: Buffer = message(Frontend.Terminate);
export const password = (secret: string): Buffer => message(Frontend.Password, secret);
export const copyFail = (reason: string): Buffer => message(Frontend.CopyFail, reason);

/** The first message of a connection, which has no type byte. */
export function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(parameters).flat();
  const body = Buffer.concat([...texts.map((text) => Buffer.from(`${text}\0`)), Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 8), int32(3 << 16), body]);
}

export const CANCEL_REQUEST_CODE = 80877102;
export const SSL_REQUEST_CODE = 80877103;
export const GSS_REQUEST_CODE = 80877104;

/** The only message of a connection that cancels another connection's statement. */
export const cancelRequest = (processId: number, secretKey: number): Buffer =>
  Buffer.concat([int32(16), int32(CANCEL_REQUEST_CODE), int32(processId), int32(secretKey)]);
