import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import * as fc from "fast-check";
import { Client, type Connection } from "pg";
import { afterEach, describe, expect, test } from "vitest";
import { Frames, rejectMalformedFrames } from "../src/client/frames.ts";

/** A message of the protocol: a code, its length, its body. */
function message(code: string, body: Buffer | string, length?: number): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(code);
  header.writeUInt32BE(length ?? bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
}

const READY = message("Z", "I");
const LOGIN = Buffer.concat([message("R", Buffer.alloc(4)), READY]);
const COLUMN = Buffer.concat([Buffer.from([0, 1]), Buffer.from("one\0"), Buffer.alloc(18)]);
const ROW = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 1]), Buffer.from("1")]);
const RESPONSE = Buffer.concat([message("T", COLUMN), message("D", ROW), message("C", "SELECT 1\0"), READY]);

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server?.close(resolve));
});

/** A server that accepts every login and has one response to every statement, and a client connected to it. */
async function clientOf(response: Buffer): Promise<Client> {
  server = createServer((socket) => {
    sockets.push(socket);
    let isLoggedIn = false;
    socket.on("error", () => {});
    socket.on("data", () => {
      socket.write(isLoggedIn ? response : LOGIN);
      isLoggedIn = true;
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const client = new Client({ host: "127.0.0.1", port, user: "u", database: "d", ssl: false });
  client.on("error", () => {});
  rejectMalformedFrames(client.connection as Connection);
  await client.connect();
  return client;
}

describe("a server that sends", () => {
  test.each<[string, Buffer]>([
    ["a length below its own four bytes", message("Z", "I", 3)],
    ["a length of zero", message("C", "", 0)],
    ["a length beyond every message", message("D", "x", 2 ** 31)],
    ["a command tag without an end", message("C", "SELECT 1")],
    ["an error without an end", message("E", "MXX")],
    ["an error whose last field has no end", message("E", "MXX\0")],
    ["a column without a name's end", message("T", Buffer.from([0, 1, 65, 66]))],
    [
      "fewer columns than it announces",
      message("T", Buffer.concat([Buffer.from([0, 2]), COLUMN.subarray(2)])),
    ],
    ["a row shorter than its columns", message("D", Buffer.from([0, 9, 0, 0]))],
    ["a parameter without a value", message("S", "TimeZone\0")],
    ["an unknown kind of authentication", message("R", Buffer.from([0, 0, 0, 99]))],
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ])("%s has its connection closed, and the statement fails", async (_what, bytes) => {
    const client = await clientOf(bytes);
    await expect(client.query("SELECT 1")).rejects.toThrow();
    expect(client.connection.stream.destroyed).toBe(true);
  });

  test("a valid response is decoded", async () => {
    const client = await clientOf(RESPONSE);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: "1" }]);
  });
});

test("an error thrown by a caller's listener is not treated as a malformed message", async () => {
  const client = await clientOf(RESPONSE);
  const mine = new Error("mine");
  client.connection.on("rowDescription", () => {
    throw mine;
  });
  const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
  const query = client.query("SELECT 1");
  query.catch(() => {});
  expect(await uncaught).toBe(mine);
});

test("a connection without a decoder is left unchanged", () => {
  const connection = Object.assign(new EventEmitter(), { attachListeners: (_stream: EventEmitter) => {} });
  rejectMalformedFrames(connection as never);
  const stream = new EventEmitter();
  connection.attachListeners(stream);
  expect(stream.listenerCount("data")).toBe(0);
});

describe("the frames of a stream", () => {
  const well = fc.constantFrom(
    message("C", "SELECT 1\0"),
    message("D", ROW),
    message("T", COLUMN),
    READY,
    message("S", "a\0b\0"),
    message("E", "SERROR\0MNo\0\0"),
    message("N", "\0"),
    message("1", ""),
    message("A", "\0\0\0\x01c\0p\0"),
  );
  const cut = (bytes: Buffer, cuts: number[]) => {
    const at = [...new Set(cuts.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b);
    return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
  };

  const accepts = (bytes: Buffer) => new Frames().accept(bytes);
  const letters = "A".repeat(40);
  const columns = (count: number, rest: string) =>
    message("T", Buffer.concat([Buffer.from([0, count]), Buffer.from(rest)]));

  test.each<[string, Buffer]>([
    ["a login that is complete", message("R", Buffer.alloc(4))],
    ["a request for a password with a salt", message("R", Buffer.from([0, 0, 0, 5, 1, 2, 3, 4]))],
    ["a list of mechanisms", message("R", "\0\0\0\nSCRAM\0\0")],
    ["no columns", columns(0, "")],
    ["a column", columns(1, `a\0${letters.slice(0, 18)}`)],
    ["two columns", columns(2, `a\0${letters.slice(0, 18)}b\0${letters.slice(0, 18)}`)],
    ["the longest message", message("D", "", 2 ** 30 + 4)],
  ])("may have %s", (_what, bytes) => {
    expect(accepts(bytes)).toBe(true);
  });

  test.each<[string, Buffer]>([
    ["a login of three bytes", message("R", Buffer.alloc(3))],
    ["a list of mechanisms without an end", message("R", "\0\0\0\nSCRAM\0")],
    ["no number of columns", message("T", "\0")],
    ["a column's name without an end", columns(1, letters)],
    ["half a column", columns(1, `a\0${letters.slice(0, 17)}`)],
    ["fewer columns than there should be", columns(2, `a\0${letters.slice(0, 18)}`)],
    ["a message beyond the longest", message("D", "", 2 ** 30 + 5)],
  ])("must not have %s", (_what, bytes) => {
    expect(accepts(bytes)).toBe(false);
  });

  test("are accepted wherever they are split into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(well, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (messages, cuts) => {
          const frames = new Frames();
          return cut(Buffer.concat(messages), cuts).every((chunk) => frames.accept(chunk));
        },
      ),
    );
  });

  test("are refused at the same byte wherever they are split", () => {
    fc.assert(
      fc.property(
        fc.array(well, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (messages, garbage, cuts) => {
          const bytes = Buffer.concat([...messages, garbage]);
          const whole = new Frames();
          const inParts = new Frames();
          return whole.accept(bytes) === cut(bytes, cuts).every((chunk) => inParts.accept(chunk));
        },
      ),
    );
  });
});
