import type { Duplex } from "node:stream";
import { MessageReader, type WireMessage } from "./message-reader.ts";

/** Bytes that may be unread before the socket is paused. */
const READ_AHEAD_BYTES = 1 << 20;
/** Written bytes are sent at the end of the tick, or as soon as there are this many. */
const WRITE_BATCH_BYTES = 1 << 16;

/**
 * One side of a session, on a socket: a queue of the messages that arrive, and a buffer for the bytes to send.
 *
 * Reading: `poll()` takes what is there, `next()` waits, `readable()` waits without taking, so that two streams can be
 * raced. The socket is paused while more than 1 MiB waits unread.
 * Writing: small writes of one tick are sent as one; `drained()` waits while the other side is slow to read.
 */
export class MessageStream {
  protected readonly socket: Duplex;
  protected readonly reader: MessageReader;
  #ended = false;
  #failure: Error | undefined;
  /** Calls of `readable()` that wait. */
  #waiters: ((readable: boolean) => void)[] = [];
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #paused = false;
  readonly #closed: Promise<void>;

  /** @param options.received bytes that an earlier reader of the socket has read and not used */
  constructor(
    socket: Duplex,
    options: { maxMessageBytes?: number | undefined; received?: Buffer | undefined } = {},
  ) {
    this.socket = socket;
    this.reader = new MessageReader(options.maxMessageBytes);
    if (options.received?.length) this.reader.push(options.received);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#finish());
    socket.on("error", (error: Error) => this.#finish(error));
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#finish();
        resolve();
      });
    });
    if (socket.destroyed) this.#finish();
    // An earlier reader of the socket may have paused it.
    else socket.resume();
  }

  /** True once the other side has closed or the socket has failed; messages that had arrived can still be taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why the socket failed; undefined if it was closed normally. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Takes the next message if it has arrived completely. @throws {MessageLengthError} */
  poll(): WireMessage | undefined {
    const message = this.reader.take();
    if (this.#paused) this.#resume();
    return message;
  }

  /** Looks at the next message without taking it. @throws {MessageLengthError} */
  peek(): WireMessage | undefined {
    return this.reader.peek();
  }

  /** Takes messages up to the first whose type is not accepted, as one buffer to send on; undefined if there is none. @throws {MessageLengthError} */
  pollRun(accepts: (type: number) => boolean): Buffer | undefined {
    const run = this.reader.takeRun(accepts);
    if (this.#paused) this.#resume();
    return run;
  }

  /** Waits for the next message; undefined means that the other side has closed. @throws {MessageLengthError} */
  async next(): Promise<WireMessage | undefined> {
    for (;;) {
      const message = this.poll();
      if (message || this.#ended) return message;
      await this.readable();
    }
  }

  /** Waits until a message can be taken (true) or the other side has closed (false), and takes nothing. */
  readable(): Promise<boolean> | boolean {
    if (this.reader.hasMessage) return true;
    if (this.#ended) return false;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Queues bytes; they are sent at the end of this tick, or at once if many are queued. */
  write(bytes: Buffer): void {
    if (this.#outgoing.push(bytes) === 1) process.nextTick(() => this.flush());
    this.#outgoingBytes += bytes.length;
    if (this.#outgoingBytes >= WRITE_BATCH_BYTES) this.flush();
  }

  /** Sends what is queued now instead of at the end of the tick. */
  flush(): void {
    const pieces = this.#outgoing;
    if (pieces.length === 0) return;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (!this.socket.writable) return;
    this.socket.write(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  /** Waits while the socket's own buffer is full because the other side does not read. */
  async drained(): Promise<void> {
    while (this.socket.writableNeedDrain && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.socket.off("drain", done);
          this.socket.off("close", done);
          resolve();
        };
        this.socket.on("drain", done);
        this.socket.on("close", done);
      });
    }
  }

  /** Sends what was queued, closes gracefully, and waits until the socket is closed (or 1 s has passed). */
  async end(): Promise<void> {
    this.flush();
    if (!this.socket.destroyed) {
      this.socket.end();
      const timer = setTimeout(() => this.socket.destroy(), 1000);
      timer.unref();
      await this.#closed;
      clearTimeout(timer);
    }
  }

  /** Closes at once; what was queued is lost. */
  destroy(): void {
    this.#outgoing = [];
    this.socket.destroy();
    this.#finish();
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  #receive(chunk: Buffer): void {
    this.reader.push(chunk);
    let hasMessage: boolean;
    try {
      hasMessage = this.reader.hasMessage;
    } catch {
      // A message with an impossible length: whoever takes it gets this error and decides what to do with the connection.
      hasMessage = true;
    }
    if (!hasMessage) return;
    if (this.reader.bufferedBytes > READ_AHEAD_BYTES) {
      this.#paused = true;
      this.socket.pause();
    }
    this.#wake(true);
  }

  /** Reads on once half of the limit is free, or when no complete message is left: the rest of one must arrive. */
  #resume(): void {
    if (this.reader.bufferedBytes > READ_AHEAD_BYTES / 2 && this.reader.hasMessage) return;
    this.#paused = false;
    this.socket.resume();
  }

  #finish(error?: Error): void {
    this.#failure ??= error;
    this.#ended = true;
    this.#wake(false);
  }

  #wake(readable: boolean): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake(readable);
  }
}
