import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DsqlPool } from "../src/index.ts";

let local: LocalDsql;

beforeAll(async () => {
  local = await startLocalDsql();
  const pool = new DsqlPool(local.connection);
  await pool.query("CREATE TABLE entries (id int)");
  await pool.end();
});
afterEach(() => {
  local.faults.clear();
});
afterAll(async () => {
  await local.stop();
});

interface Ended {
  exitCode: number | null;
  /** What the process printed, warnings and stack traces included. */
  output: string;
  outcome?: unknown;
  heard?: number;
}

/** Runs the scenario in its own process until it exits; one that reports that it is idle continues after `onIdle`. */
function run(scenario: { kind: string; listens: boolean }, onIdle?: () => Promise<void>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, SCENARIO: JSON.stringify({ ...scenario, connection: local.connection }) };
    const child = fork(fileURLToPath(new URL("survival-child.js", import.meta.url)), { env, silent: true });
    let output = "";
    let report: object = {};
    child.stderr?.on("data", (chunk) => {
      output += chunk;
    });
    child.on("message", (message) => {
      if (message === "idle") onIdle?.().then(() => child.send("go on"), reject);
      else report = message as object;
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output, ...report }));
  });
}

describe.each([
  ["without a listener", false],
  ["with a listener", true],
])("a process whose connection is cut, %s for 'error',", (_what, listens) => {
  test.each([
    ["pool", "before-begin", "DSQL_CONNECTION_LOST"],
    ["pool", "in-statement", "DSQL_CONNECTION_LOST"],
    ["pool", "before-commit", "DSQL_COMMIT_OUTCOME_UNKNOWN"],
    ["pool", "after-commit", "DSQL_COMMIT_OUTCOME_UNKNOWN"],
    ["client", "before-begin", "DSQL_CONNECTION_LOST"],
    ["client", "in-statement", "DSQL_CONNECTION_LOST"],
    ["client", "after-commit", "DSQL_COMMIT_OUTCOME_UNKNOWN"],
    ["query", "after-commit", "DSQL_COMMIT_OUTCOME_UNKNOWN"],
  ] as const)("stays alive: %s, %s", async (kind, point, code) => {
    local.faults.cutConnection(point);
    const ended = await run({ kind, listens });
    expect(ended).toMatchObject({ exitCode: 0, outcome: code, output: "" });
    expect(local.faults.counts[`cut-${point}`]).toBe(1);
  });

  test("stays alive if the connection was idle, and its listener is called", async () => {
    const ended = await run({ kind: "idle", listens }, async () => {
      await local.endpoints[0]?.takeAway();
      await local.endpoints[0]?.bringBack();
    });
    expect(ended).toMatchObject({ exitCode: 0, outcome: 1, output: "", heard: listens ? 1 : 0 });
  });
});
