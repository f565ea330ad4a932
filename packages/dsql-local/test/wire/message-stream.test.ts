import { duplexPair } from "node:stream";
import { describe, expect, it } from "vitest";
import { MessageStream } from "../../src/wire/message-stream.ts";
import { message } from "../../src/wire/message-writer.ts";

function pair(maxMessageBytes?: number) {
  const [near, far] = duplexPair();
  return { stream: new MessageStream(near, { maxMessageBytes }), far };
}

describe("a stream of messages", () => {
  it("returns messages that are larger than its read-ahead limit", async () => {
    const { stream, far } = pair();
    const large = message(0x51, Buffer.alloc(3 * 1024 * 1024, 0x61));
    far.write(large);
    far.end(message(0x58));
    expect((await stream.next())?.bytes.equals(large)).toBe(true);
    expect((await stream.next())?.type).toBe(0x58);
    expect(await stream.next()).toBeUndefined();
  });

  it("stops reading while nobody takes what has come, and goes on afterwards", async () => {
    const { stream, far } = pair();
    const row = message(0x44, Buffer.alloc(64 * 1024));
    let written = 0;
    while (far.write(row) && written < 1000) {
      written++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(200);
    // One more was written when the stream said that it was full.
    for (let taken = 0; taken <= written; taken++) expect((await stream.next())?.type).toBe(0x44);
    expect(stream.poll()).toBeUndefined();
  });

  it("waits without taking, for a message or for the end", async () => {
    const { stream, far } = pair();
    const waiting = stream.readable();
    far.write(message(0x53));
    expect(await waiting).toBe(true);
    expect(stream.peek()?.type).toBe(0x53);
    expect(stream.poll()?.type).toBe(0x53);
    const ended = stream.readable();
    far.end();
    expect(await ended).toBe(false);
    expect(stream.ended).toBe(true);
  });

  it("sends the writes of a tick as one", async () => {
    const { stream, far } = pair();
    const chunks: Buffer[] = [];
    far.on("data", (chunk) => chunks.push(chunk));
    stream.write(message(0x31));
    stream.write(message(0x32));
    await new Promise((resolve) => setImmediate(resolve));
    expect(chunks).toEqual([Buffer.concat([message(0x31), message(0x32)])]);
  });

  it("tells whoever waits of a message that is too long", async () => {
    const { stream, far } = pair(100);
    const waiting = stream.next();
    far.write(message(0x51, Buffer.alloc(200)));
    await expect(waiting).rejects.toThrow("invalid message length 204");
  });

  it("ends once, whichever side does it", async () => {
    const { stream, far } = pair();
    far.resume();
    far.on("end", () => far.end());
    await Promise.all([stream.end(), stream.end()]);
    stream.destroy();
    expect(await stream.next()).toBeUndefined();
  });
});
