import { Backend } from "./message-types.ts";
import { int32, message } from "./message-writer.ts";

/** `I` idle, `T` in a transaction, `E` in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

/** Encodes messages that a server sends. */
export const readyForQuery = (status: TransactionStatus): Buffer =>
  message(Backend.ReadyForQuery, Buffer.from(status));
export const commandComplete = (tag: string): Buffer => message(Backend.CommandComplete, tag);
export const parameterStatus = (name: string, value: string): Buffer =>
  message(Backend.ParameterStatus, name, value);
export const backendKeyData = (processId: number, secretKey: number): Buffer =>
  message(Backend.BackendKeyData, int32(processId), int32(secretKey));
export const authenticationCleartextPassword: Buffer = message(Backend.Authentication, int32(3));
export const authenticationOk: Buffer = message(Backend.Authentication, int32(0));
export const parseComplete: Buffer = message(Backend.ParseComplete);
export const bindComplete: Buffer = message(Backend.BindComplete);
export const closeComplete: Buffer = message(Backend.CloseComplete);
export const noData: Buffer = message(Backend.NoData);
export const emptyQueryResponse: Buffer = message(Backend.EmptyQueryResponse);

/** Says that the protocol's minor version and these options are not known here. */
export const negotiateProtocolVersion = (unknownOptions: readonly string[]): Buffer =>
  message(Backend.NegotiateProtocolVersion, int32(3 << 16), int32(unknownOptions.length), ...unknownOptions);

/** Reads a DataRow of text values. */
export function parseDataRow(body: Buffer, encoding: BufferEncoding = "utf8"): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let column = body.readInt16BE(0); column > 0; column--) {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) {
      values.push(null);
    } else {
      values.push(body.toString(encoding, at, at + length));
      at += length;
    }
  }
  return values;
}

/** Reads the column names of a RowDescription. */
export function parseColumnNames(body: Buffer): string[] {
  const names: string[] = [];
  let at = 2;
  for (let column = body.readInt16BE(0); column > 0; column--) {
    const end = body.indexOf(0, at);
    names.push(body.toString("utf8", at, end));
    at = end + 19;
  }
  return names;
}

/** Reads the tag of a CommandComplete. */
export const parseCommandTag = (body: Buffer): string => body.toString("utf8", 0, body.length - 1);
