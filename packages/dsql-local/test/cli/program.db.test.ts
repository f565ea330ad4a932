import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { signToken } from "../../src/auth/sign-token.ts";
import { serverOn } from "../../src/postgres/processes.ts";

const program = fileURLToPath(new URL("../../bin/dsql-local.js", import.meta.url));
const run = promisify(execFile);

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.stdout?.once("data", (text: Buffer) => resolve(text.toString().trim())));
const exitCode = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once("exit", (code) => resolve(code)));

/** A zombie, which nobody reaps in some containers, is not there. */
const isThere = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""));
  } catch {
    return false;
  }
};

const isAccepting = (at: string | { port: number; host: string }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = typeof at === "string" ? dial(at) : dial(at);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
const isListening = (port: number): Promise<boolean> => isAccepting({ port, host: "127.0.0.1" });

/** The folder of a run for temporary files, while it is there. */
async function runDirectoryOf(pid: number): Promise<string | undefined> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith("dsql-local-")) continue;
    const owner = await readFile(join(tmpdir(), name, "owner.json"), "utf8").catch(() => "{}");
    if ((JSON.parse(owner) as { pid?: number }).pid === pid) return join(tmpdir(), name);
  }
  return undefined;
}

describe("the program", () => {
  it("prints one line of JSON that is enough to connect, logs what was refused, and ends at a signal", async () => {
    const child = spawn(process.execPath, [program, "--json", "--region", "eu-west-1"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (text: Buffer) => {
      log += text;
    });
    const json = JSON.parse(await firstLine(child));
    expect(json).toMatchObject({
      region: "eu-west-1",
      hostaddr: "127.0.0.1",
      user: "admin",
      database: "postgres",
    });
    const { host, region, caPath, hostaddr, port, accessKeyId, secretAccessKey } = json;
    const login = {
      host: hostaddr,
      port,
      user: "admin",
      database: "postgres",
      ssl: { ca: await readFile(caPath, "utf8"), servername: host },
    };
    const credentials = { accessKeyId, secretAccessKey };
    const client = new pg.Client({ ...login, password: signToken({ host, region, credentials }) });
    await client.connect();
    await expect(client.query("TRUNCATE nothing")).rejects.toMatchObject({ code: "0A000" });
    await client.end();
    const stranger = new pg.Client({ ...login, password: "no token" });
    await expect(stranger.connect()).rejects.toMatchObject({ code: "08006" });
    const exited = exitCode(child);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(log).toContain("refused: TRUNCATE nothing");
    expect(log).toContain('login of "admin" refused: the password is not an authentication token');
  });

  it("ends when the npx that has started it is killed, unless it was to stay", async () => {
    const npx = spawn("npx", ["dsql-local", "--json"], { stdio: ["ignore", "pipe", "ignore"] });
    const { pid } = JSON.parse(await firstLine(npx));
    npx.kill("SIGTERM");
    await expect.poll(() => isThere(pid), { timeout: 10_000 }).toBe(false);

    const { stdout } = await run("npx", ["dsql-local", "--env"]);
    const staying = Number(/DSQL_LOCAL_PID='(\d+)'/.exec(stdout)?.[1]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await isThere(staying)).toBe(true);
    process.kill(staying, "SIGTERM");
  });

  it("ends at a second signal while PostgreSQL does not", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "stuck-"));
    await chmod(dataDir, 0o755);
    const args = [program, "--quiet", "--data-dir", dataDir];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    await firstLine(child);
    const postgres = Number((await readFile(join(dataDir, "data", "postmaster.pid"), "utf8")).split("\n")[0]);
    process.kill(postgres, "SIGSTOP");
    try {
      const exited = exitCode(child);
      child.kill("SIGINT");
      child.kill("SIGTERM");
      expect(await exited).toBe(1);
    } finally {
      process.kill(postgres, "SIGCONT");
      while (await isThere(postgres)) await new Promise((resolve) => setTimeout(resolve, 20));
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it("prints lines for eval and leaves an endpoint running", async () => {
    const { stdout } = await run(process.execPath, [program, "--env"]);
    const variables = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => /^export (\w+)='(.*)'$/.exec(line)?.slice(1) as [string, string]),
    );
    expect([...variables.keys()]).toEqual(
      expect.arrayContaining([
        "DATABASE_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "PGSSLROOTCERT",
      ]),
    );
    const pid = Number(variables.get("DSQL_LOCAL_PID"));
    expect(process.kill(pid, "SIGTERM")).toBe(true);
  });

  it("says what is wrong with a command line, and with a port that is taken", async () => {
    await expect(run(process.execPath, [program, "--jsn"])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean --json?"),
    });
    const { createServer } = await import("node:net");
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    await expect(run(process.execPath, [program, "--port", String(port)])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`port ${port} is used by another program`),
    });
    other.close();
  });

  it("takes a Region away and brings it back, and exports both", async () => {
    const args = [program, "--env", "--region", "us-east-1", "--region", "us-east-2"];
    const { stdout } = await run(process.execPath, args);
    const value = (name: string): string =>
      new RegExp(`^export ${name}='(.*)'$`, "m").exec(stdout)?.[1] ?? "";
    const env = { ...process.env, DSQL_LOCAL_PID: value("DSQL_LOCAL_PID") };
    try {
      expect(value("AWS_REGION")).toBe("us-east-1");
      expect(value("AWS_REGION_2")).toBe("us-east-2");
      expect(value("DATABASE_URL_2")).toContain(`.us-east-2.on.aws:${value("PGPORT_2")}/`);
      await run(process.execPath, [program, "take-away", "us-east-2"], { env });
      expect(await isListening(Number(value("PGPORT_2")))).toBe(false);
      expect(await isListening(Number(value("PGPORT")))).toBe(true);
      await run(process.execPath, [program, "bring-back", "us-east-2"], { env });
      expect(await isListening(Number(value("PGPORT_2")))).toBe(true);
      await expect(run(process.execPath, [program, "take-away", "eu-west-1"], { env })).rejects.toMatchObject(
        {
          code: 1,
          stderr: expect.stringContaining(
            "there is no endpoint in eu-west-1; this dsql-local has us-east-1, us-east-2",
          ),
        },
      );
    } finally {
      process.kill(Number(env.DSQL_LOCAL_PID), "SIGTERM");
    }
    await expect.poll(() => isThere(Number(env.DSQL_LOCAL_PID)), { timeout: 10_000 }).toBe(false);
    await expect(run(process.execPath, [program, "take-away", "us-east-2"], { env })).rejects.toMatchObject({
      stderr: expect.stringContaining(`process ${env.DSQL_LOCAL_PID} is not a running dsql-local`),
    });
  });

  it("ends at a signal that comes while it is starting, and leaves nothing running", async () => {
    for (const delayMs of [0, 60, 150, 400]) {
      const child = spawn(process.execPath, [program, "--json"], { stdio: "ignore" });
      await new Promise((resolve) => setTimeout(resolve, delayMs + 40));
      const exited = new Promise<unknown>((resolve) =>
        child.once("exit", (code, signal) => resolve(code ?? signal)),
      );
      child.kill("SIGTERM");
      // A signal that comes before any of our code runs is Node's own to handle.
      expect([0, "SIGTERM"]).toContain(await exited);
      await expect.poll(() => runDirectoryOf(child.pid as number), { timeout: 10_000 }).toBeUndefined();
    }
  });

  it("ends with an error when its PostgreSQL has ended for good", async () => {
    const child = spawn(process.execPath, [program, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    child.stderr.on("data", (text: Buffer) => {
      log += text;
    });
    await firstLine(child);
    const exited = exitCode(child);
    while (child.exitCode === null) {
      const folder = await runDirectoryOf(child.pid as number);
      const postgres = folder && (await serverOn(join(folder, "data")));
      const restarts = log.match(/restarting it/g)?.length ?? 0;
      if (postgres && (await isAccepting(join(folder, ".s.PGSQL.5432")))) process.kill(postgres, "SIGKILL");
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 300))]);
      expect(restarts).toBeLessThanOrEqual(3);
    }
    expect(await exited).toBe(1);
    expect(log).toMatch(/dsql-local: PostgreSQL .* ended 4 times within a minute/);
  });

  it("prints its version, and no colours if the output is not a terminal", async () => {
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, "..", "..", "package.json"), "utf8"),
    );
    expect((await run(process.execPath, [program, "--version"])).stdout.trim()).toBe(version);
    const failed = run(process.execPath, [program, "serve"], { env: { ...process.env, NO_COLOR: "1" } });
    await expect(failed).rejects.toMatchObject({
      code: 2,
      stderr: 'dsql-local: "serve" is not a command (--help lists them)\n',
    });
  });

  it("explains itself", async () => {
    const { stdout } = await run(process.execPath, [program, "--help"]);
    for (const option of ["--port", "--region", "--data-dir", "--json", "--env", "--quiet"]) {
      expect(stdout).toContain(option);
    }
  });
});
