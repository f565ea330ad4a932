/** One message of PostgreSQL's protocol, version 3; both views share memory with the chunk in which it arrived. */
export interface WireMessage {
  /** The type byte, e.g. 0x51 for Query. */
  type: number;
  /** What follows the length. */
  body: Buffer;
  /** The whole message, type and length included, ready to be sent on. */
  bytes: Buffer;
}

/** An invalid length: less than the length field itself, or over the limit. */
export class MessageLengthError extends Error {
  override readonly name = "MessageLengthError";
  readonly length: number;

  constructor(length: number) {
    super(`invalid message length ${length}`);
    this.length = length;
  }
}

const HEADER = 5;

/** Splits a stream of bytes into typed messages, however it is chunked. */
export class MessageReader {
  readonly #maxMessageBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** Chunks of a message that is not complete yet; joined once, when it is. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #neededBytes = 0;

  constructor(maxMessageBytes = 0x7fffffff) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that have arrived and were not taken yet. */
  get bufferedBytes(): number {
    return this.#buffer.length - this.#offset + this.#waitingBytes;
  }

  /** Whether a complete message is at the head. @throws {MessageLengthError} */
  get hasMessage(): boolean {
    return this.#headLength() > 0;
  }

  push(chunk: Buffer): void {
    const rest = this.#buffer.length - this.#offset;
    if (rest === 0 && this.#waitingBytes === 0) {
      this.#buffer = chunk;
      this.#offset = 0;
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (rest + this.#waitingBytes < this.#neededBytes) return;
    this.#join();
  }

  /** The message at the head without taking it, or undefined if it is not complete. @throws {MessageLengthError} */
  peek(): WireMessage | undefined {
    const length = this.#headLength();
    if (length === 0) return undefined;
    const start = this.#offset;
    return {
      type: this.#buffer[start] as number,
      body: this.#buffer.subarray(start + HEADER, start + length),
      bytes: this.#buffer.subarray(start, start + length),
    };
  }

  /** Takes the message at the head, or returns undefined if it is not complete. @throws {MessageLengthError} */
  take(): WireMessage | undefined {
    const message = this.peek();
    if (message) this.#offset += message.bytes.length;
    return message;
  }

  /** Takes the complete messages at the head as one piece, up to the first whose type is not accepted. */
  takeRun(accepts: (type: number) => boolean): Buffer | undefined {
    const start = this.#offset;
    for (;;) {
      const length = this.#headLength();
      if (length === 0 || !accepts(this.#buffer[this.#offset] as number)) break;
      this.#offset += length;
    }
    return this.#offset > start ? this.#buffer.subarray(start, this.#offset) : undefined;
  }

  /** Bytes of the complete message at the head, 0 if there is none. */
  #headLength(): number {
    const rest = this.#buffer.length - this.#offset;
    if (rest < HEADER) {
      this.#neededBytes = HEADER;
      return 0;
    }
    const length = this.#buffer.readInt32BE(this.#offset + 1);
    if (length < 4 || length > this.#maxMessageBytes) throw new MessageLengthError(length);
    if (rest < length + 1) {
      this.#neededBytes = length + 1;
      return 0;
    }
    return length + 1;
  }

  #join(): void {
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#offset), ...this.#waiting]);
    this.#offset = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#neededBytes = 0;
  }
}
