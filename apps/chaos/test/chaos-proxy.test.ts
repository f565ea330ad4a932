import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ChaosProxy, TROUBLES, type Trouble } from "../src/chaos-proxy.ts";
import { seeded } from "../src/random.ts";

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A server that sends back what it receives, and a client of it through a proxy. */
async function echo(
  random: () => number,
): Promise<{ proxy: ChaosProxy; client: Socket; accepted: Socket[] }> {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(async () => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  const proxy = await ChaosProxy.start(
    { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    random,
  );
  open.push(() => proxy[Symbol.asyncDispose]());
  const client = connect(proxy.port, "127.0.0.1");
  client.on("error", () => {});
  open.push(async () => client.destroy());
  await once(client, "connect");
  return { proxy, client, accepted };
}

async function received(client: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sum = 0;
  for await (const chunk of client as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sum += chunk.length;
    if (sum >= length) break;
  }
  return Buffer.concat(chunks);
}

/** Always draws this fault, and numbers in the middle if it draws more. */
function always(trouble: Trouble): () => number {
  const starts = {
    split: 0,
    delay: 0.25,
    cut: 0.33,
    "cut within a message": 0.334,
    "half-open": 0.338,
    "black hole": 0.34,
  };
  return () => starts[trouble] + 0.0005;
}

test("splits and delays change neither the bytes nor their order", async () => {
  const random = seeded(5);
  const { proxy, client } = await echo(() => random() * 0.3);
  const bytes = randomBytes(200_000);
  client.write(bytes);
  expect((await received(client, bytes.length)).equals(bytes)).toBe(true);
  expect(proxy.counts.split).toBeGreaterThan(0);
  expect(proxy.counts.delay).toBeGreaterThan(0);
});

test("a calm proxy injects no faults", async () => {
  const { proxy, client } = await echo(always("cut"));
  proxy.isCalm = true;
  client.write("hello");
  expect(String(await received(client, 5))).toBe("hello");
  expect(Object.values(proxy.counts)).toEqual(TROUBLES.map(() => 0));
});

test.each(["cut", "cut within a message"] as const)("a %s closes both sides", async (trouble) => {
  const { proxy, client, accepted } = await echo(always(trouble));
  const closed = once(client, "close");
  client.write("hello");
  await closed;
  expect(proxy.counts[trouble]).toBe(1);
  if (accepted[0]?.destroyed === false) await once(accepted[0], "close");
});

test("a black hole drops what is sent and keeps both sides open", async () => {
  const { proxy, client, accepted } = await echo(always("black hole"));
  client.write("hello");
  await expect.poll(() => proxy.counts["black hole"]).toBe(1);
  client.write("again");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([client.destroyed, accepted[0]?.destroyed, accepted[0]?.bytesRead]).toEqual([false, false, 0]);
});

test("a half-open connection is closed for the server that sent, and hangs for its client", async () => {
  // The first draw is the client's message, the second the response.
  const draws = [0.999, always("half-open")()];
  const { proxy, client, accepted } = await echo(() => draws.shift() ?? 0.999);
  client.write("hello");
  await expect.poll(() => proxy.counts["half-open"]).toBe(1);
  await expect.poll(() => accepted[0]?.destroyed).toBe(true);
  expect([client.destroyed, client.readableEnded, client.bytesRead]).toEqual([false, false, 0]);
});
