import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { readyForQuery } from "../../src/wire/backend-messages.ts";
import * as frontend from "../../src/wire/frontend-messages.ts";
import { message } from "../../src/wire/message-writer.ts";
import { connect } from "../support/client.ts";

let local: LocalDsql;
let bystander: pg.Client;
beforeAll(async () => {
  const limits = { loginTimeoutMs: 1000, connectionRate: 100_000, connectionBurst: 100_000 };
  local = await startLocalDsql({ limits });
  bystander = await connect(local);
});
afterAll(async () => {
  await bystander?.end();
  await local?.stop();
});

const openTcp = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp(local.port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });

const openTls = (): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { port, ca, host: servername } = local;
    const socket = connectTls(
      { port, host: "127.0.0.1", ca, servername, ALPNProtocols: ["postgresql"] },
      () => resolve(socket),
    );
    socket.on("error", reject);
  });

/** Sends the pieces one after the other, and answers all that came back until the server closed or fell silent. */
async function exchange(socket: Socket, pieces: readonly Buffer[]): Promise<Buffer> {
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const piece of pieces) if (!socket.destroyed) socket.write(piece);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 15))]);
  socket.destroy();
  await closed;
  return Buffer.concat(received);
}

async function expectOthersUnharmed(): Promise<void> {
  expect((await bystander.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
}

/** AuthenticationOk is the only thing that lets a client go on. */
const letIn = (answer: Buffer): boolean => answer.includes(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]));

const frontendReady = readyForQuery("I");
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const startup = frontend.startup({ user: "admin", database: "postgres" });
const anyMessage = fc.oneof(
  fc
    .tuple(fc.constantFrom(..."BCcdDEfFHPpQSX?\0"), bytes)
    .map(([type, body]) => message(type.charCodeAt(0), body)),
  fc.constantFrom(
    frontend.query("SELECT 1"),
    frontend.query("BEGIN"),
    frontend.query("COMMIT"),
    frontend.query("COPY (SELECT 1) TO STDOUT"),
    frontend.parse("", "SELECT $1::int"),
    frontend.parse("s", "SELECT 1"),
    frontend.bind("", "", ["1"]),
    frontend.bind("p", "s"),
    frontend.describe("statement", "s"),
    frontend.describe("portal", "p"),
    frontend.execute("", 1),
    frontend.execute("p"),
    frontend.close("statement", "s"),
    frontend.sync,
    frontend.flush,
    frontend.copyFail("no"),
    frontend.password("x"),
  ),
);

describe("an endpoint that is sent nonsense", () => {
  it("lets nobody in who sends random bytes, in TLS or not", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 4 }), fc.boolean(), async (pieces, tls) => {
        expect(letIn(await exchange(tls ? await openTls() : await openTcp(), pieces))).toBe(false);
      }),
      { numRuns: 40 },
    );
    await expectOthersUnharmed();
  });

  it("lets nobody in who sends messages in place of a token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 6 }), async (messages) => {
        expect(letIn(await exchange(await openTls(), [startup, ...messages]))).toBe(false);
      }),
      { numRuns: 40 },
    );
    await expectOthersUnharmed();
  });

  it("survives any messages in any order from somebody who is in, and closes what was cut short", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 12 }), fc.nat(8), async (messages, cutBytes) => {
        const socket = await openTls();
        const idle = new Promise<void>((resolve) => {
          socket.on("data", (chunk) => chunk.includes(frontendReady) && resolve());
        });
        socket.write(Buffer.concat([startup, frontend.password(local.token())]));
        await idle;
        const sent = Buffer.concat(messages);
        await exchange(socket, [sent.subarray(0, Math.max(0, sent.length - cutBytes))]);
      }),
      { numRuns: 40 },
    );
    await expectOthersUnharmed();
    while (local.stats.sessionsOpen > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("closes the socket without a word at a message over 10 MiB, and takes one below", async () => {
    const header = (length: number): Buffer => {
      const start = Buffer.alloc(5, 0x51);
      start.writeInt32BE(length, 1);
      return start;
    };
    const login = [startup, frontend.password(local.token())];
    for (const length of [10 * 1024 * 1024 + 1, 0x7fffffff, -1, 3]) {
      const socket = await openTls();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined).resume();
      socket.write(Buffer.concat([...login, header(length)]));
      await closed;
    }
    const length = 10 * 1024 * 1024 - 100;
    const large = await bystander.query("SELECT length($1) AS n", ["x".repeat(length)]);
    expect(large.rows).toEqual([{ n: length }]);
  });

  it("serves others while 1,000 sockets say nothing, and closes those", async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, openTcp));
    const closed = sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on("error", () => undefined)
            .resume()
            .once("close", resolve),
        ),
    );
    await expectOthersUnharmed();
    const another = await connect(local);
    await another.end();
    await Promise.all(closed);
    await expectOthersUnharmed();
  });

  it("releases memory", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const collect = (): number => {
      gc();
      return process.memoryUsage().heapUsed + process.memoryUsage().external;
    };
    const round = async (): Promise<void> => {
      const login = [startup, frontend.password(local.token())];
      const half = message(0x51, Buffer.alloc(1024 * 1024)).subarray(0, 1024 * 1024 - 1);
      await Promise.all(Array.from({ length: 10 }, async () => exchange(await openTls(), [...login, half])));
    };
    const before = collect();
    for (let i = 0; i < 6; i++) await round();
    // 60 MiB went through. What was freed leaves the count a while after the collection, and sessions need their time to end.
    const held = (): number => collect() - before;
    await expect.poll(held, { timeout: 20_000 }).toBeLessThan(20 * 1024 * 1024);
  });
});
