import { connect, type TLSSocket } from "node:tls";
import { parseCommandTag, parseDataRow } from "../../src/wire/backend-messages.ts";
import { parseErrorFields } from "../../src/wire/error-fields.ts";
import { password, startup } from "../../src/wire/frontend-messages.ts";
import { MessageReader, type WireMessage } from "../../src/wire/message-reader.ts";
import { Backend } from "../../src/wire/message-types.ts";
import type { Endpoint } from "./client.ts";

/** A client that sends any messages, where drivers send what they think right. */
export class RawClient {
  readonly #socket: TLSSocket;
  readonly #reader = new MessageReader();
  #wake: () => void = () => undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#wake();
    });
  }

  /** Logs in. */
  static async open({ port, ca, host: servername, token }: Endpoint): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", ca, servername, ALPNProtocols: ["postgresql"] });
    const client = new RawClient(socket);
    await client.exchange(startup({ user: "admin", database: "postgres" }), password(token()));
    return client;
  }

  /** Sends messages and answers what comes back, up to the next ReadyForQuery: tags, rows, SQLSTATEs, else type letters. */
  async exchange(...messages: readonly Buffer[]): Promise<string[]> {
    this.#socket.write(Buffer.concat(messages));
    const answers: string[] = [];
    for (;;) {
      const message = this.#reader.take();
      if (message) answers.push(describe(message));
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      if (message?.type === Backend.ReadyForQuery) return answers;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

function describe({ type, body }: WireMessage): string {
  if (type === Backend.CommandComplete) return parseCommandTag(body);
  if (type === Backend.DataRow) return parseDataRow(body).join(",");
  if (type === Backend.ErrorResponse) return parseErrorFields(body).sqlstate;
  const letter = String.fromCharCode(type);
  return type === Backend.ReadyForQuery ? `${letter}${String.fromCharCode(body[0] as number)}` : letter;
}
