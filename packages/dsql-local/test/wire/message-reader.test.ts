import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageLengthError, MessageReader } from "../../src/wire/message-reader.ts";
import { message } from "../../src/wire/message-writer.ts";

const anyMessage = fc
  .record({ type: fc.integer({ min: 1, max: 255 }), body: fc.uint8Array({ maxLength: 300 }) })
  .map(({ type, body }) => message(type, Buffer.from(body)));

function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 });

describe("the message reader", () => {
  it("returns the same messages, however the bytes are split into chunks", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 20 }), chunkSizes, (messages, sizes) => {
        const reader = new MessageReader();
        const taken: Buffer[] = [];
        for (const chunk of inChunks(Buffer.concat(messages), sizes)) {
          reader.push(chunk);
          for (let next = reader.take(); next; next = reader.take()) taken.push(next.bytes);
        }
        expect(taken.map((bytes) => bytes.toString("hex"))).toEqual(
          messages.map((bytes) => bytes.toString("hex")),
        );
        expect(reader.bufferedBytes).toBe(0);
      }),
    );
  });

  it("keeps what nobody has taken yet", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 20 }), chunkSizes, (messages, sizes) => {
        const reader = new MessageReader();
        for (const chunk of inChunks(Buffer.concat(messages), sizes)) reader.push(chunk);
        const run = reader.takeRun(() => true) ?? Buffer.alloc(0);
        expect(run.equals(Buffer.concat(messages))).toBe(true);
      }),
    );
  });

  it("ends a run before the first message of another type", () => {
    const [a, b, c] = [message(0x44, "row"), message(0x44, "row"), message(0x43, "SELECT 2")];
    const reader = new MessageReader();
    reader.push(Buffer.concat([a, b, c]));
    expect(reader.takeRun((type) => type === 0x44)).toEqual(Buffer.concat([a, b]));
    expect(reader.takeRun((type) => type === 0x44)).toBeUndefined();
    expect(reader.take()?.bytes).toEqual(c);
  });

  it("refuses a length that no message can have, before its body comes", () => {
    for (const length of [-1, 0, 3, 101]) {
      const reader = new MessageReader(100);
      const header = Buffer.alloc(5, 0x51);
      header.writeInt32BE(length, 1);
      reader.push(header);
      expect(() => reader.take()).toThrow(MessageLengthError);
    }
  });
});
