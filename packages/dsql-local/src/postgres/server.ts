import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { BackendAddress } from "../wire/backend-connection.ts";
import { programEnvironment } from "./run-program.ts";
import type { ServerUser } from "./server-user.ts";
import { serverSettings } from "./settings.ts";
import { watchOver } from "./watchdog.ts";

/** How long a start or a stop may take before it fails. */
const PATIENCE_MS = 30_000;

export interface PostgresServerOptions {
  binaries: string;
  dataDirectory: string;
  /** Private to the server's user. */
  socketDirectory: string;
  /** Where to listen instead of on a socket file: a TCP port on Windows. */
  tcp?: { port: number; password: string } | undefined;
  user: ServerUser | undefined;
  maxConnections: number;
}

/** A running PostgreSQL process. */
export class PostgresServer {
  readonly address: BackendAddress;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #releaseWatchdog: () => void;
  readonly #log: () => string;

  private constructor(
    child: ChildProcess,
    { exited, log }: { exited: Promise<void>; log: () => string },
    options: PostgresServerOptions,
  ) {
    this.#child = child;
    this.#log = log;
    this.#exited = exited;
    this.pid = child.pid as number;
    this.address = options.tcp
      ? { host: "127.0.0.1", ...options.tcp }
      : { path: join(options.socketDirectory, ".s.PGSQL.5432") };
    this.#releaseWatchdog = watchOver(this.pid, options.user);
  }

  /** Starts PostgreSQL and waits until it accepts connections. @throws {Error} with its log, if it does not start */
  static async start(options: PostgresServerOptions): Promise<PostgresServer> {
    const port = String(options.tcp?.port ?? 5432);
    const child = spawn(
      join(options.binaries, "bin", "postgres"),
      ["-D", options.dataDirectory, "-p", port, ...serverSettings(options)],
      {
        ...(options.user && { uid: options.user.uid, gid: options.user.gid }),
        cwd: options.dataDirectory,
        env: programEnvironment(),
        stdio: ["ignore", "ignore", "pipe"],
        // Ctrl-C in a terminal goes to the whole process group; this server's owner stops it, after its sessions.
        detached: process.platform !== "win32",
        windowsHide: true,
      },
    );
    let log = "";
    const exited = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
    });
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", (error) =>
        reject(new Error(`PostgreSQL cannot be started: ${error.message}`, { cause: error })),
      );
      child.stderr?.on("data", (text: Buffer) => {
        log = (log + text).slice(-8000);
        if (log.includes("ready to accept connections")) resolve();
      });
      void exited.then(() => reject(new Error(`PostgreSQL exited while it was starting: ${log.trim()}`)));
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    try {
      await ready;
    } finally {
      clearTimeout(timer);
    }
    child.unref();
    (child.stderr as unknown as { unref?: () => void } | null)?.unref?.();
    return new PostgresServer(child, { exited, log: () => log }, options);
  }

  /** Whether the process is still running. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what PostgreSQL has written to its log. */
  get log(): string {
    return this.#log().trim();
  }

  /** Resolves when the process has exited, for any reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Ends every session, and waits until the process has exited. */
  async stop(): Promise<void> {
    if (this.running) {
      this.#child.ref();
      // SIGINT is PostgreSQL's fast shutdown.
      this.#child.kill("SIGINT");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
      await this.#exited;
      clearTimeout(timer);
    }
    this.#releaseWatchdog();
  }
}
