import type { Connection } from "pg";

type Stream = Connection["stream"];

/** The part of pg's connection that decodes what the server sends. */
interface DecodingConnection {
  attachListeners(stream: Stream): void;
  emit(name: string, value?: unknown): boolean;
}

/**
 * Closes a connection on which bytes arrive that are not a message of PostgreSQL's protocol: pg's decoder would throw in the
 * socket's event handler, which ends the process, or search for the end of a string forever.
 * Source: PostgreSQL 16 manual, "Message Formats"; tried with pg-protocol 1.10 to 1.16.
 */
export function rejectMalformedFrames(connection: Connection): void {
  const decoding = connection as unknown as DecodingConnection;
  const attachListeners = decoding.attachListeners.bind(connection);
  const emit = decoding.emit.bind(connection);
  let thrown: unknown;
  // An error thrown by a listener, such as a caller's callback, is not the decoder's and is rethrown unchanged.
  decoding.emit = (name, value) => {
    try {
      return emit(name, value);
    } catch (error) {
      thrown = error;
      throw error;
    }
  };
  decoding.attachListeners = (stream) => {
    attachListeners(stream);
    const decode = stream.listeners("data").at(-1) as ((chunk: Buffer) => void) | undefined;
    if (decode === undefined) return;
    const frames = new Frames();
    const fail = (cause: unknown) => {
      stream.off("data", guarded);
      const error = new Error(
        "The server sent bytes that are not a valid message of PostgreSQL's protocol.",
        {
          cause,
        },
      );
      decoding.emit("error", error);
      stream.destroy();
    };
    const guarded = (chunk: Buffer) => {
      if (!frames.accept(chunk)) return fail(undefined);
      thrown = undefined;
      try {
        decode(chunk);
      } catch (error) {
        if (error === thrown) throw error;
        fail(error);
      }
    };
    stream.off("data", decode);
    stream.on("data", guarded);
  };
}

const HEADER_BYTES = 5;
/** PostgreSQL sends no message longer than this (`MaxAllocSize`). */
const MAX_BODY_BYTES = 2 ** 30;

/** Follows the messages of a stream from chunk to chunk. */
export class Frames {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the current message that are still to come. */
  #missingBytes = 0;
  #check: ((body: Buffer) => boolean) | undefined;
  #body: Buffer[] = [];

  /** Returns false for a chunk with a message that pg's decoder cannot decode. */
  accept(chunk: Buffer): boolean {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#headerBytes < HEADER_BYTES) {
        const copied = chunk.copy(this.#header, this.#headerBytes, offset);
        this.#headerBytes += copied;
        offset += copied;
        if (this.#headerBytes === HEADER_BYTES && !this.#begin()) return false;
      } else {
        const end = Math.min(chunk.length, offset + this.#missingBytes);
        if (this.#check !== undefined) this.#body.push(chunk.subarray(offset, end));
        this.#missingBytes -= end - offset;
        offset = end;
      }
      if (this.#headerBytes === HEADER_BYTES && this.#missingBytes === 0 && !this.#end()) return false;
    }
    return true;
  }

  #begin(): boolean {
    const [code] = this.#header;
    // The length includes its own 4 bytes.
    this.#missingBytes = this.#header.readUInt32BE(1) - 4;
    this.#check = CHECKS[String.fromCharCode(code as number)];
    return this.#missingBytes >= 0 && this.#missingBytes <= MAX_BODY_BYTES;
  }

  #end(): boolean {
    this.#headerBytes = 0;
    const check = this.#check;
    if (check === undefined) return true;
    const body = Buffer.concat(this.#body);
    this.#body = [];
    return check(body);
  }
}

/** For each message that contains zero-terminated strings, by its code: whether every string ends within the message. */
const CHECKS: Readonly<Record<string, (body: Buffer) => boolean>> = {
  /** NotificationResponse: a process id, a channel, a payload. */
  A: (body) => hasStrings(body, 4, 2),
  /** CommandComplete: a tag. */
  C: (body) => hasStrings(body, 0, 1),
  /** ErrorResponse and NoticeResponse: fields, each a letter and a string, and then a zero. */
  E: endsWithEmptyString,
  N: endsWithEmptyString,
  /** Authentication: SASL (10) lists its mechanisms, the last one empty. */
  R: (body) => body.length >= 4 && (body.readUInt32BE(0) !== 10 || endsWithEmptyString(body)),
  /** ParameterStatus: a name, a value. */
  S: (body) => hasStrings(body, 0, 2),
  /** RowDescription: for each column a name and 18 bytes. */
  T: (body) => {
    if (body.length < 2) return false;
    let offset = 2;
    for (let column = body.readUInt16BE(0); column > 0; column--) {
      const end = body.indexOf(0, offset);
      if (end === -1) return false;
      offset = end + 19;
    }
    return offset <= body.length;
  },
};

function hasStrings(body: Buffer, from: number, count: number): boolean {
  let offset = from;
  for (let string = 0; string < count; string++) {
    const end = body.indexOf(0, offset);
    if (end === -1) return false;
    offset = end + 1;
  }
  return true;
}

function endsWithEmptyString(body: Buffer): boolean {
  return body.at(-1) === 0 && (body.length === 1 || body.at(-2) === 0);
}
