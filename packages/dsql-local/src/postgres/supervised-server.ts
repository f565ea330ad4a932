import { setTimeout as sleep } from "node:timers/promises";
import { PostgresServer, type PostgresServerOptions } from "./server.ts";

/** Called when a server ends by itself. */
export interface Supervision {
  log(line: string): void;
  /** Called once, if it could not be restarted or ended too often. */
  onFailure(error: PostgresFailedError): void;
}

/** The PostgreSQL behind the endpoint has ended and cannot be restarted. */
export class PostgresFailedError extends Error {
  override readonly name = "PostgresFailedError";
}

const MAX_RESTARTS = 3;
const RESTARTS_WITHIN_MS = 60_000;
/** The processes of a killed server keep its shared memory for a moment, so a start is retried. */
const START_ATTEMPTS = 20;
const START_RETRY_MS = 100;

/** Restarts PostgreSQL each time it ends by itself, until `stop`; at most three times a minute. */
export class SupervisedServer {
  readonly #options: PostgresServerOptions;
  readonly #supervision: Supervision;
  readonly #endedAt: number[] = [];
  #server: PostgresServer;
  #stopping = false;
  readonly #watching: Promise<void>;

  constructor(server: PostgresServer, options: PostgresServerOptions, supervision: Supervision) {
    this.#server = server;
    this.#options = options;
    this.#supervision = supervision;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#server.stop();
    await this.#watching;
    // A restart may have been in progress.
    await this.#server.stop();
  }

  async #watch(): Promise<void> {
    for (;;) {
      await this.#server.exited;
      if (this.#stopping) return;
      // Ends the process that watches it.
      await this.#server.stop();
      const reason = this.#server.log.split("\n").at(-1);
      const ended = `PostgreSQL (process ${this.#server.pid}) ended unexpectedly${reason ? ` (${reason})` : ""}`;
      try {
        this.#countEnd();
        this.#supervision.log(`${ended}; restarting it`);
        this.#server = await this.#start();
      } catch (error) {
        if (this.#stopping) return;
        const message = `${ended}, and cannot be restarted: ${(error as Error).message}`;
        this.#supervision.onFailure(new PostgresFailedError(message, { cause: error }));
        return;
      }
    }
  }

  #countEnd(): void {
    const now = performance.now();
    this.#endedAt.push(now);
    const recent = this.#endedAt.filter((at) => now - at < RESTARTS_WITHIN_MS).length;
    if (recent > MAX_RESTARTS) throw new Error(`it ended ${recent} times within a minute`);
  }

  async #start(): Promise<PostgresServer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await PostgresServer.start(this.#options);
      } catch (error) {
        if (this.#stopping || attempt === START_ATTEMPTS) throw error;
        await sleep(START_RETRY_MS);
      }
    }
  }
}
