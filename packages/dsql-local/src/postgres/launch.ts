import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { superuserPassword } from "./data-directory.ts";
import { claimRunDirectory, makeRunDirectory } from "./run-directory.ts";
import { PostgresServer } from "./server.ts";
import type { ServerUser } from "./server-user.ts";
import { SupervisedServer, type Supervision } from "./supervised-server.ts";

/** A server and the folder of its run; `stop` stops the one and removes the other. */
export interface LaunchedServer extends Pick<PostgresServer, "address"> {
  stop(): Promise<void>;
}

/** Starts PostgreSQL on a data directory, with a separate folder for the socket. */
export async function launch(options: {
  binaries: string;
  dataDirectory: string;
  user: ServerUser | undefined;
  maxConnections: number;
  /** The folder of the run, if it exists already; it is removed at the end. */
  runDirectory?: string | undefined;
  /** Without it, a server that ends by itself is not restarted. */
  supervision?: Supervision | undefined;
}): Promise<LaunchedServer> {
  const runDirectory = options.runDirectory ?? (await makeRunDirectory(options.user));
  const remove = (): Promise<void> => rm(runDirectory, { recursive: true, force: true, maxRetries: 5 });
  try {
    await claimRunDirectory(runDirectory, options.dataDirectory);
    const tcp =
      process.platform === "win32"
        ? { port: await freePort(), password: await superuserPassword(options.dataDirectory) }
        : undefined;
    const serverOptions = { ...options, socketDirectory: runDirectory, tcp };
    const server = await PostgresServer.start(serverOptions);
    const { supervision } = options;
    const running = supervision ? new SupervisedServer(server, serverOptions, supervision) : server;
    return {
      address: server.address,
      stop: async () => {
        await running.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
