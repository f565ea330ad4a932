import type { WireMessage } from "../../wire/message-reader.ts";
import { int16, message } from "../../wire/message-writer.ts";

/** Removes the last columns from a DataRow and reads them as text: the endpoint adds them to a locking read to learn which rows it locks. */
export function cutColumns(
  { type, body }: WireMessage,
  count: number,
): { row: Buffer; cut: (string | null)[] } {
  const columns = body.readInt16BE(0);
  const cut: (string | null)[] = [];
  let at = 2;
  let end = 2;
  for (let column = 0; column < columns; column++) {
    if (column === columns - count) end = at;
    const length = body.readInt32BE(at);
    at += 4;
    if (column >= columns - count) cut.push(length < 0 ? null : body.toString("utf8", at, at + length));
    at += Math.max(0, length);
  }
  return { row: message(type, int16(columns - count), body.subarray(2, end)), cut };
}

/** Removes the last columns from a RowDescription. */
export function cutDescription({ type, body }: WireMessage, count: number): Buffer {
  const columns = body.readInt16BE(0) - count;
  let end = 2;
  // Each column has its name, a zero byte, and 18 bytes about its type.
  for (let column = 0; column < columns; column++) end = body.indexOf(0, end) + 19;
  return message(type, int16(columns), body.subarray(2, end));
}
