import type { Duplex } from "node:stream";
import { MessageReader, type WireMessage } from "./message-reader.ts";

/** Bytes that can wait unread before the socket is paused. */
const READ_AHEAD_BYTES = 1 << 20;
/** Bytes that are gathered before they are written without waiting for the end of the tick. */
const WRITE_BATCH_BYTES = 1 << 16;

/**
 * One side of a session: messages come out as a queue, bytes go in.
 *
 * Reading: `poll()` takes what is there, `next()` waits, `readable()` waits without taking, so that two streams can be
 * raced. The socket is paused while more than 1 MiB waits unread.
 * Writing: small writes of one tick leave as one; `drained()` waits while the other side is slow to read.
 */
export class MessageStream {
  protected readonly socket: Duplex;
  protected readonly reader: MessageReader;
  #ended = false;
  #failure: Error | undefined;
  #waiters: ((readable: boolean) => void)[] = [];
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #paused = false;
  readonly #closed: Promise<void>;

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

  /** Takes all messages at the head whose type is accepted, as one piece of bytes to send on. @throws {MessageLengthError} */
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

  /** Queues bytes; they leave at the end of this tick, or at once where many are waiting. */
  write(bytes: Buffer): void {
    if (this.#outgoing.push(bytes) === 1) process.nextTick(() => this.flush());
    this.#outgoingBytes += bytes.length;
    if (this.#outgoingBytes >= WRITE_BATCH_BYTES) this.flush();
  }

  /** Sends what was queued now. */
  flush(): void {
    const pieces = this.#outgoing;
    if (pieces.length === 0) return;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (!this.socket.writable) return;
    this.socket.write(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  /** Waits while the other side has not read what was written; at once where nothing is waiting. */
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
      // The reader of the queue gets the same error and decides what to do with the connection.
      hasMessage = true;
    }
    if (!hasMessage) return;
    if (this.reader.bufferedBytes > READ_AHEAD_BYTES) {
      this.#paused = true;
      this.socket.pause();
    }
    this.#wake(true);
  }

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
