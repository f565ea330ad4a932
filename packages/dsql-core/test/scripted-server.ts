import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll } from "vitest";
import { endpointCertificate } from "../../dsql-local/src/tls/certificate-store.ts";
import { DsqlClient, type DsqlConnectionOptions, DsqlPool, type DsqlPoolOptions } from "../src/index.ts";

const REGION = "us-east-1";
const HOST = `abcdefghijklmnopqrstuvwxy2.dsql.${REGION}.on.aws`;

/** What the server does instead of its usual response: send something else, cut the connection, or do nothing. */
export type Reaction = (session: ServerSession, text: string) => void;

/** The server's side of one connection. Source of the formats: PostgreSQL 16 manual, "Message Formats". */
export class ServerSession {
  readonly #script: Script;
  readonly #socket: Socket;
  /** Name and value of everything in the startup packet. */
  parameters: Readonly<Record<string, string>> = {};
  passwords: string[] = [];
  /** The SQL of the statements, in the order of arrival. */
  readonly received: string[] = [];
  /** The transaction status that ReadyForQuery reports. */
  status = "I";
  /** Whether the client has sent Terminate. */
  isTerminated = false;
  isClosed = false;
  /** Bytes are read and ignored. */
  isDeaf = false;
  #bytes = Buffer.alloc(0);
  #isStarted = false;
  #skipsToSync = false;
  readonly #prepared = new Map<string, string>();
  #portal = "";
  #isFetched = false;
  #pendingRows = 0;

  constructor(raw: Socket, script: Script) {
    this.#script = script;
    this.#socket = new TLSSocket(raw, {
      isServer: true,
      key: script.certificate.privateKey,
      cert: script.certificate.certificate,
      ALPNProtocols: ["postgresql"],
    });
    raw.setNoDelay(true);
    raw.on("error", () => {});
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
    this.#socket.on("end", () => this.#script.staysOpen || this.#socket.end());
    this.#socket.on("data", (chunk) => this.#read(chunk));
  }

  /** Closes the connection without a message. */
  cut(): void {
    this.#socket.destroy();
  }

  send(code: string, body: Buffer | string = ""): void {
    const bytes = Buffer.from(body);
    const header = Buffer.alloc(5);
    header.write(code);
    header.writeUInt32BE(bytes.length + 4, 1);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([header, bytes]));
  }

  ready(status: string = this.status): void {
    this.status = status;
    this.send("Z", status);
  }

  complete(tag: string): void {
    this.send("C", `${tag}\0`);
  }

  /** ErrorResponse, which makes an open transaction fail. */
  error(code: string, message = "no", { severity = "ERROR", hint = "" } = {}): void {
    if (this.status === "T") this.status = "E";
    this.send("E", `S${severity}\0C${code}\0M${message}\0${hint && `H${hint}\0`}\0`);
  }

  /**
   * The usual response to a statement, without ReadyForQuery: `rows <n>` returns n rows, any other SQL one row with that
   * SQL.
   */
  answer(text: string, isDescribed = false): boolean {
    const word = /^\w+/.exec(text)?.[0].toUpperCase() ?? "";
    if (this.status === "E" && !/^(?:COMMIT|ROLLBACK)$/.test(word)) {
      this.error("25P02", "current transaction is aborted");
      return false;
    }
    if (word === "COMMIT" || word === "ROLLBACK") {
      this.complete(this.status === "E" ? "ROLLBACK" : word);
      this.status = "I";
    } else if (word === "BEGIN") {
      this.status = "T";
      this.complete(word);
    } else if (word === "SELECT") {
      if (!isDescribed) this.#describe();
      this.#row(text);
      this.complete("SELECT 1");
    } else {
      this.complete(`${word} 1`);
    }
    return true;
  }

  #describe(): void {
    const column = Buffer.alloc(18);
    column.writeUInt32BE(25, 6);
    this.send("T", Buffer.concat([Buffer.from([0, 1]), Buffer.from("text\0"), column]));
  }

  #row(value: string): void {
    const header = Buffer.alloc(6);
    header.writeUInt16BE(1);
    header.writeUInt32BE(Buffer.byteLength(value), 2);
    this.send("D", Buffer.concat([header, Buffer.from(value)]));
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#isStarted) {
      if (this.#bytes.length < 4 || this.#bytes.length < this.#bytes.readUInt32BE(0)) return;
      const end = this.#bytes.readUInt32BE(0);
      const words = this.#bytes.toString("utf8", 8, end).split("\0");
      const pairs: [string, string][] = [];
      for (let at = 0; at + 1 < words.length && words[at] !== ""; at += 2)
        pairs.push([words[at] as string, words[at + 1] as string]);
      this.parameters = Object.fromEntries(pairs);
      this.#bytes = this.#bytes.subarray(end);
      this.#isStarted = true;
      this.send("R", Buffer.from([0, 0, 0, 3]));
    }
    while (this.#bytes.length >= 5 && this.#bytes.length > this.#bytes.readUInt32BE(1)) {
      const end = this.#bytes.readUInt32BE(1) + 1;
      const body = this.#bytes.subarray(5, end);
      const code = String.fromCharCode(this.#bytes[0] as number);
      this.#bytes = this.#bytes.subarray(end);
      if (!this.isDeaf) this.#handle(code, body.toString("utf8"));
    }
  }

  #handle(code: string, body: string): void {
    const [first = "", second = ""] = body.split("\0");
    if (this.#skipsToSync && code !== "S" && code !== "X") return;
    switch (code) {
      case "p":
        this.#logIn(first);
        break;
      case "Q":
        this.#query(first);
        break;
      case "P":
        this.#prepared.set(first, second);
        this.send("1");
        break;
      case "B":
        this.#portal = this.#prepared.get(second) ?? "";
        this.#isFetched = false;
        this.#pendingRows = Number(/^rows (\d+)/.exec(this.#portal)?.[1] ?? 0);
        this.send("2");
        break;
      case "D":
        if (/^(?:select|rows)/i.test(this.#portal)) this.#describe();
        else this.send("n");
        break;
      case "E":
        this.#execute(Buffer.from(body).readUInt32BE(Buffer.byteLength(first) + 1));
        break;
      case "S":
        this.#skipsToSync = false;
        this.ready();
        break;
      case "C":
        this.send("3");
        break;
      case "X":
        this.isTerminated = true;
        if (!this.#script.staysOpen) this.#socket.end();
        break;
    }
  }

  #logIn(password: string): void {
    this.passwords.push(password);
    const reaction = this.#script.logins.shift();
    if (reaction === undefined) this.letIn();
    else reaction(this, password);
  }

  /** The end of a login. */
  letIn(): void {
    this.send("R", Buffer.alloc(4));
    this.send("K", Buffer.alloc(8));
    this.ready("I");
  }

  #query(text: string): void {
    this.received.push(text);
    const reaction = this.#script.reactionTo(text);
    if (reaction !== undefined) {
      reaction(this, text);
      return;
    }
    for (const one of text.split(";")) if (!this.answer(one.trim())) break;
    this.ready();
  }

  #execute(limit: number): void {
    if (!this.#isFetched) this.received.push(this.#portal);
    this.#isFetched = true;
    const reaction = this.#script.reactionTo(this.#portal);
    if (reaction !== undefined) {
      this.#skipsToSync = true;
      reaction(this, this.#portal);
    } else if (this.#pendingRows === 0) {
      this.#skipsToSync = !this.answer(this.#portal, true);
    } else {
      this.#fetch(limit);
    }
  }

  #fetch(limit: number): void {
    for (let sent = 0; this.#pendingRows > 0; sent++) {
      if (limit > 0 && sent === limit) {
        this.send("s");
        return;
      }
      this.#row(String(this.#pendingRows--));
    }
    this.complete("SELECT 1");
  }
}

interface Script {
  certificate: { privateKey: string; certificate: string };
  logins: Reaction[];
  staysOpen: boolean;
  reactionTo(text: string): Reaction | undefined;
}

/** A server whose responses the test writes, and pools and clients for it that are closed after each test. */
export interface ScriptedServer {
  readonly connection: DsqlConnectionOptions & { credentials: object };
  /** Every connection of this test that has got as far as TLS, in order. */
  readonly sessions: ServerSession[];
  /** The connection that was opened last. */
  readonly session: ServerSession;
  /** All statements of all connections of this test. */
  readonly received: string[];
  /** Reacts like this to the next statement that matches, once for each call. */
  next(text: RegExp, reaction: Reaction): void;
  /** Reacts like this to the next password. */
  nextLogin(...reactions: Reaction[]): void;
  /** Keep connections open after the client's Terminate. */
  stayOpen(): void;
  client(options?: DsqlConnectionOptions): DsqlClient;
  connect(options?: DsqlConnectionOptions): Promise<DsqlClient>;
  pool(options?: DsqlPoolOptions): DsqlPool;
}

/** Never responds again. */
export const nothing: Reaction = (session) => {
  session.isDeaf = true;
};
export const cut: Reaction = (session) => session.cut();

/** Refuses a login as DSQL does: with FATAL, and the end of the connection. */
export function refusal(code: string, message = "no", hint = ""): Reaction {
  return (session) => {
    session.error(code, message, { severity: "FATAL", hint });
    session.cut();
  };
}

/** Reacts with an ERROR of the server. */
export function failure(code: string, message?: string): Reaction {
  return (session) => {
    session.error(code, message);
    session.ready();
  };
}

/** Starts the server before the file's tests. */
export function useScriptedServer(): ScriptedServer {
  let server: Server;
  let ca: string;
  const sessions: ServerSession[] = [];
  const reactions: { text: RegExp; reaction: Reaction }[] = [];
  const opened: { end(): Promise<void> }[] = [];
  const script: Script = {
    certificate: { privateKey: "", certificate: "" },
    logins: [],
    staysOpen: false,
    reactionTo(text) {
      const index = reactions.findIndex((one) => one.text.test(text));
      return index === -1 ? undefined : reactions.splice(index, 1)[0]?.reaction;
    },
  };
  beforeAll(async () => {
    const made = await endpointCertificate(REGION);
    script.certificate = made;
    ca = made.ca;
    server = createServer(
      { allowHalfOpen: true },
      (raw) => void sessions.push(new ServerSession(raw, script)),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(async () => {
    for (const session of sessions) session.cut();
    await Promise.all(opened.splice(0).map((one) => one.end()));
    sessions.length = 0;
    reactions.length = 0;
    script.logins.length = 0;
    script.staysOpen = false;
  });
  afterAll(() => {
    server.close();
  });
  const own = {
    get connection() {
      const { port } = server.address() as AddressInfo;
      const credentials = { accessKeyId: "AKIA", secretAccessKey: "secret" };
      return { host: HOST, hostaddr: "127.0.0.1", port, ca, credentials, region: REGION };
    },
    sessions,
    get session() {
      const last = sessions.at(-1);
      if (last === undefined) throw new Error("Nobody has connected.");
      return last;
    },
    get received() {
      return sessions.flatMap((session) => session.received);
    },
    next(text: RegExp, reaction: Reaction) {
      reactions.push({ text, reaction });
    },
    nextLogin(...given: Reaction[]) {
      script.logins.push(...given);
    },
    stayOpen() {
      script.staysOpen = true;
    },
    client(options: DsqlConnectionOptions = {}) {
      const client = new DsqlClient({ ...own.connection, ...options });
      opened.push(client);
      return client;
    },
    async connect(options: DsqlConnectionOptions = {}) {
      return await own.client(options).connect();
    },
    pool(options: DsqlPoolOptions = {}) {
      const pool = new DsqlPool({ ...own.connection, ...options });
      opened.push(pool);
      return pool;
    },
  };
  return own;
}
