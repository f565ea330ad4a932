import { once } from "node:events";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LocalDsql } from "../endpoint/local-dsql.ts";
import { isRunning } from "../postgres/processes.ts";
import type { RegionCommand } from "./arguments.ts";

/** Where a running `dsql-local` listens for commands: a socket file of the user, or a named pipe on Windows. */
const PIPE_PREFIX = "\\\\.\\pipe\\dsql-local-";
const folder = (): string => join(tmpdir(), `dsql-control-${process.getuid?.() ?? ""}`);
const address = (pid: number): string =>
  process.platform === "win32" ? `${PIPE_PREFIX}${pid}` : join(folder(), String(pid));

/** Carries out commands from other processes until the function that it returns is called. */
export async function serveCommands(local: LocalDsql): Promise<() => Promise<void>> {
  const path = address(process.pid);
  if (process.platform !== "win32") {
    await mkdir(folder(), { recursive: true, mode: 0o700 });
    await chmod(folder(), 0o700);
    await rm(path, { force: true });
  }
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    createInterface(socket).on("line", (line) => {
      const end = (reply: { error?: string }): void => void socket.end(`${JSON.stringify(reply)}\n`);
      carryOut(local, line).then(
        () => end({}),
        (error: Error) => end({ error: error.message }),
      );
    });
  });
  server.listen(path);
  await once(server, "listening");
  server.unref();
  return async () => {
    server.close();
    await rm(path, { force: true }).catch(() => undefined);
  };
}

async function carryOut(local: LocalDsql, line: string): Promise<void> {
  const { command, region } = JSON.parse(line) as Pick<RegionCommand, "command" | "region">;
  const endpoint = local.endpoints.find((candidate) => candidate.region === region);
  if (!endpoint) {
    const regions = local.endpoints.map((candidate) => candidate.region).join(", ");
    throw new Error(`there is no endpoint in ${region}; this dsql-local has ${regions}`);
  }
  await (command === "take-away" ? endpoint.takeAway() : endpoint.bringBack());
}

/** Sends a command to a running `dsql-local` and waits until it is carried out. @throws {Error} */
export async function sendCommand({ command, region, pid }: RegionCommand): Promise<void> {
  const target = pid ?? (await onlyProcess());
  const socket = connect(address(target));
  try {
    await once(socket, "connect");
    socket.write(`${JSON.stringify({ command, region })}\n`);
    const [line] = (await once(createInterface(socket), "line")) as [string];
    const { error } = JSON.parse(line) as { error?: string };
    if (error !== undefined) throw new Error(error);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ECONNREFUSED") throw error;
    throw new Error(`process ${target} is not a running dsql-local`, { cause: error });
  } finally {
    socket.destroy();
  }
}

async function onlyProcess(): Promise<number> {
  const names = await readdir(process.platform === "win32" ? "\\\\.\\pipe\\" : folder()).catch(() => []);
  const pids = names
    .map((name) => Number(name.replace("dsql-local-", "")))
    .filter((pid) => pid > 0 && isRunning(pid));
  if (pids.length === 1) return pids[0] as number;
  if (pids.length === 0) throw new Error("no dsql-local is running");
  throw new Error(`several dsql-local processes are running; choose one with --pid: ${pids.join(", ")}`);
}
