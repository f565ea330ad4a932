import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { signToken } from "../../src/auth/sign-token.ts";

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
      stderr: expect.stringContaining(`port ${port} is taken`),
    });
    other.close();
  });

  it("explains itself", async () => {
    const { stdout } = await run(process.execPath, [program, "--help"]);
    for (const option of ["--port", "--region", "--data-dir", "--json", "--env", "--quiet"]) {
      expect(stdout).toContain(option);
    }
  });
});
