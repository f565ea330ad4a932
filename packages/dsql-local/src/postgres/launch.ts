import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { superuserPassword } from "./data-directory.ts";
import { claimRunDirectory, makeRunDirectory } from "./run-directory.ts";
import { PostgresServer } from "./server.ts";
import type { ServerUser } from "./server-user.ts";

/** A server with the folder of its run, both of which `stop` ends. */
export interface LaunchedServer extends Pick<PostgresServer, "address" | "pid" | "exited"> {
  stop(): Promise<void>;
}

/** Starts PostgreSQL on a data directory, with a folder of its own for the socket. */
export async function launch(options: {
  binaries: string;
  dataDirectory: string;
  user: ServerUser | undefined;
  maxConnections: number;
  /** The folder of the run where there is one already; it is removed at the end. */
  runDirectory?: string | undefined;
}): Promise<LaunchedServer> {
  const runDirectory = options.runDirectory ?? (await makeRunDirectory(options.user));
  const remove = (): Promise<void> => rm(runDirectory, { recursive: true, force: true, maxRetries: 5 });
  try {
    await claimRunDirectory(runDirectory, options.dataDirectory);
    const tcp =
      process.platform === "win32"
        ? { port: await freePort(), password: await superuserPassword(options.dataDirectory) }
        : undefined;
    const server = await PostgresServer.start({ ...options, socketDirectory: runDirectory, tcp });
    const { address, pid, exited } = server;
    return {
      address,
      pid,
      exited,
      stop: async () => {
        await server.stop();
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
