import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DataDirectoryError, PortInUseError, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

const program = fileURLToPath(new URL("../../bin/dsql-local.js", import.meta.url));

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kept-"));
  try {
    // As root, PostgreSQL runs as another user, who must be able to enter.
    await chmod(folder, 0o755);
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("a data directory", () => {
  it("keeps data, keys and host name between runs", () =>
    withFolder(async (dataDir) => {
      let before: { host: string; credentials: unknown };
      {
        await using local = await startLocalDsql({ dataDir });
        before = { host: local.host, credentials: local.credentials };
        const client = await connect(local);
        await client.query("CREATE TABLE kept (id int PRIMARY KEY)");
        await client.query("INSERT INTO kept VALUES (1)");
        await client.end();
      }
      await using local = await startLocalDsql({ dataDir });
      expect({ host: local.host, credentials: local.credentials }).toEqual(before);
      const client = await connect(local);
      expect((await client.query("SELECT * FROM kept")).rows).toEqual([{ id: 1 }]);
      await client.end();
    }));

  it("is refused while it is in use, and where it holds something else", () =>
    withFolder(async (folder) => {
      const dataDir = join(folder, "made on demand");
      await using local = await startLocalDsql({ dataDir });
      await expect(startLocalDsql({ dataDir })).rejects.toThrow(DataDirectoryError);
      await local.stop();
      await writeFile(join(folder, "letter.txt"), "hello");
      await expect(startLocalDsql({ dataDir: folder })).rejects.toThrow(/neither empty nor a data directory/);
      expect((await readdir(folder)).sort()).toEqual(["letter.txt", "made on demand"]);
    }));
});

describe("a data directory that cannot be used", () => {
  it("is refused if another version has created it, or its keys are damaged", () =>
    withFolder(async (dataDir) => {
      await using local = await startLocalDsql({ dataDir });
      await local.stop();
      const mark = join(dataDir, "dsql-local.json");
      const text = await readFile(mark, "utf8");
      await writeFile(mark, text.replace(/"setup":"\w+"/, '"setup":"other"'));
      await expect(startLocalDsql({ dataDir })).rejects.toThrow(DataDirectoryError);
      await writeFile(mark, "");
      await expect(startLocalDsql({ dataDir })).rejects.toThrow(/created by another version/);
      await writeFile(mark, text);
      await writeFile(join(dataDir, "dsql-local-identity.json"), "{}");
      await expect(startLocalDsql({ dataDir })).rejects.toThrow(/identity.json is damaged/);
      await rm(join(dataDir, "dsql-local-identity.json"));
      await using again = await startLocalDsql({ dataDir });
      expect(again.host).not.toBe(local.host);
    }));

  it("is refused if no folder can be created", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "letter.txt"), "hello");
      for (const dataDir of [join(folder, "letter.txt"), join(folder, "letter.txt", "data")]) {
        await expect(startLocalDsql({ dataDir })).rejects.toThrow(DataDirectoryError);
      }
    }));
});

describe("an endpoint", () => {
  it("starts where the folder for temporary files is closed to PostgreSQL's user", () =>
    withFolder(async (folder) => {
      await chmod(folder, 0o700);
      const { TMPDIR } = process.env;
      process.env.TMPDIR = folder;
      try {
        await using local = await startLocalDsql();
        await (await connect(local)).end();
      } finally {
        if (TMPDIR === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = TMPDIR;
      }
    }));

  it("says which port is taken", async () => {
    await using local = await startLocalDsql();
    const taken = startLocalDsql({ port: local.port });
    await expect(taken).rejects.toThrow(PortInUseError);
    await expect(taken).rejects.toThrow(`port ${local.port} is used by another program`);
  });

  it("can be stopped twice, and with sessions open", async () => {
    const local = await startLocalDsql();
    const client = await connect(local);
    const ended = new Promise((resolve) => client.once("end", resolve));
    const slow = client.query("SELECT count(*) FROM generate_series(1, 1000000000)").catch(() => "gone");
    await Promise.all([local.stop(), local.stop()]);
    await ended;
    expect(await slow).toBe("gone");
  });

  it("takes its PostgreSQL along when its process is killed, and the next one uses its data", () =>
    withFolder(async (dataDir) => {
      const killed = spawn(process.execPath, [program, "--json", "--data-dir", dataDir], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      const line = await new Promise<Buffer>((resolve) => killed.stdout.once("data", resolve));
      const { host } = JSON.parse(line.toString()) as { host: string };
      killed.kill("SIGKILL");
      await new Promise((resolve) => killed.once("exit", resolve));
      expect(isRunning(killed.pid as number)).toBe(false);
      await using local = await startLocalDsql({ dataDir });
      expect(local.host).toBe(host);
      const client = await connect(local);
      expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await client.end();
    }));

  it("removes what a killed run left behind", async () => {
    const killed = spawn(process.execPath, [program, "--quiet"], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve) => killed.stdout.once("data", resolve));
    const left = await runDirectoryOf(killed.pid as number);
    expect(left).toBeDefined();
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("exit", resolve));
    await using _local = await startLocalDsql();
    expect(await runDirectoryOf(killed.pid as number)).toBeUndefined();
  });
});

async function runDirectoryOf(pid: number): Promise<string | undefined> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith("dsql-local-"));
  for (const name of names) {
    const owner = await readFile(join(tmpdir(), name, "owner.json"), "utf8").catch(() => "{}");
    if (JSON.parse(owner).pid === pid) return name;
  }
  return undefined;
}
