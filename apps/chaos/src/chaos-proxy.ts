import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What the proxy does to the bytes that it forwards. */
export const TROUBLES = ["split", "delay", "cut", "cut within a message", "half-open", "black hole"] as const;

export type Trouble = (typeof TROUBLES)[number];

/** How likely each trouble is for each piece of bytes that arrives, in the order in which they are drawn. */
const LIKELIHOOD: Readonly<Record<Trouble, number>> = {
  split: 0.25,
  delay: 0.08,
  cut: 0.004,
  "cut within a message": 0.004,
  "half-open": 0.002,
  "black hole": 0.003,
};

const MAX_DELAY_MS = 60;

/** A TCP proxy in front of an endpoint that injects random faults. TLS passes through it encrypted. */
export class ChaosProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  readonly counts = Object.fromEntries(TROUBLES.map((trouble) => [trouble, 0])) as Record<Trouble, number>;
  /** Whether it injects faults, or only forwards bytes. */
  isCalm = false;

  private constructor(target: { host: string; port: number }, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1; `random` decides which fault happens when. */
  static async start(target: { host: string; port: number }, random: () => number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(target, random);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    const upstream = connect({ ...this.#target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    }
    // The connection to the endpoint does not outlive the client's; an endpoint may leave its client hanging.
    client.on("close", () => upstream.destroy());
    void this.#pass(client, upstream);
    void this.#pass(upstream, client);
  }

  /** Forwards one direction until it ends. */
  async #pass(from: Socket, to: Socket): Promise<void> {
    let isLost = false;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (isLost) continue;
        const trouble = this.#draw();
        if (trouble !== undefined) this.counts[trouble]++;
        switch (trouble) {
          case "split":
            for (const piece of this.#pieces(chunk)) {
              await send(to, piece);
              await sleep(0);
            }
            break;
          case "delay":
            await sleep(this.#random() * MAX_DELAY_MS);
            await send(to, chunk);
            break;
          case "cut within a message":
            await send(to, chunk.subarray(0, Math.floor(this.#random() * chunk.length)));
            from.destroy();
            to.destroy();
            return;
          case "cut":
            from.destroy();
            to.destroy();
            return;
          case "half-open":
            // The sender sees its connection closed, and the receiver gets nothing.
            from.destroy();
            return;
          case "black hole":
            isLost = true;
            break;
          default:
            await send(to, chunk);
        }
      }
      if (!isLost) to.end();
    } catch {
      // If a direction breaks, it has ended: the other side notices, as in a network.
      to.destroy();
    }
  }

  #draw(): Trouble | undefined {
    if (this.isCalm) return undefined;
    let drawn = this.#random();
    for (const trouble of TROUBLES) {
      drawn -= LIKELIHOOD[trouble];
      if (drawn < 0) return trouble;
    }
    return undefined;
  }

  #pieces(chunk: Buffer): Buffer[] {
    const cuts = Array.from({ length: 1 + Math.floor(this.#random() * 6) }, () =>
      Math.floor(this.#random() * chunk.length),
    ).sort((a, b) => a - b);
    return [0, ...cuts].map((start, index) => chunk.subarray(start, cuts[index] ?? chunk.length));
  }
}

async function send(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || to.destroyed) return;
  if (!to.write(bytes)) await Promise.race([once(to, "drain"), once(to, "close")]);
}
