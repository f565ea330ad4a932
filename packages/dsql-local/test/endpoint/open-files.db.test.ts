import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { signToken } from "../../src/auth/sign-token.ts";
import { fileCapacity } from "../../src/cluster/open-files.ts";

const program = fileURLToPath(new URL("../../bin/dsql-local.js", import.meta.url));

describe("a low limit on open files", () => {
  it("leaves room for whole sessions, and never for less than none", () => {
    expect(fileCapacity(1024)).toEqual({ maxOpenFiles: 1024, sessions: 369, sockets: 553 });
    expect(fileCapacity(50)).toMatchObject({ sessions: 0, sockets: 0 });
  });

  it("refuses one login too many with 53300 and a line in the log, and resets no connection", async () => {
    const command = `ulimit -n 140; exec "${process.execPath}" "${program}" --json`;
    const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    child.stderr.on("data", (text: Buffer) => {
      log += text;
    });
    const line = await new Promise<Buffer>((resolve) => child.stdout.once("data", resolve));
    const { host, port, region, caPath, accessKeyId, secretAccessKey } = JSON.parse(line.toString());
    const password = signToken({ host, region, credentials: { accessKeyId, secretAccessKey } });
    const ssl = { ca: await readFile(caPath, "utf8"), servername: host };
    const clients: pg.Client[] = [];
    const codes: string[] = [];
    for (let i = 0; i < 20; i++) {
      const client = new pg.Client({
        host: "127.0.0.1",
        port,
        user: "admin",
        database: "postgres",
        password,
        ssl,
      });
      client.on("error", () => undefined);
      clients.push(client);
      await client.connect().catch((error: pg.DatabaseError) => codes.push(error.code ?? error.message));
    }
    expect(codes).toEqual(["53300", "53300", "53300", "53300"]);
    expect(log).toContain("refused a login: the limit of 140 open files (ulimit -n) allows only 16 sessions");
    for (const client of clients) await client.end();
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});
