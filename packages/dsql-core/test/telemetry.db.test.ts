import { setTimeout } from "node:timers/promises";
import { metrics } from "@opentelemetry/api";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DsqlPool, type DsqlPoolOptions, type DsqlTelemetry } from "../src/index.ts";
import { openTelemetry } from "../src/telemetry/open-telemetry.ts";

let local: LocalDsql;
beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(async () => {
  await local.stop();
});

/** Opens a connection, meets a conflict, loses a COMMIT, and closes; then fails to sign a token. */
async function live(telemetry: DsqlTelemetry, table: string, options: DsqlPoolOptions = {}): Promise<void> {
  const pool = new DsqlPool({ ...local.connection, telemetry, max: 1, ...options });
  await pool.query(`CREATE TABLE ${table} (id int)`);
  local.faults.conflictCommits(1);
  await pool.query(`INSERT INTO ${table} VALUES (1)`);
  local.faults.cutConnection("after-commit");
  const work = (client: { query(text: string): Promise<unknown> }) =>
    client.query(`INSERT INTO ${table} VALUES (2)`);
  await expect(pool.transactionWithRetry(work)).rejects.toThrow("COMMIT");
  await pool.end();
  const poor = new DsqlPool({
    ...local.connection,
    telemetry,
    ...options,
    credentials: () => Promise.reject(new Error("away")),
  });
  await expect(poor.query("SELECT 1")).rejects.toThrow("credentials");
  await poor.end();
}

const WHAT_HAPPENED = [
  "tokenSigned",
  "connectionOpened",
  "retry",
  "commitUnknown",
  "connectionClosed",
  "tokenFailed",
  "connectionFailed",
];

test("reports everything that pools do by themselves, and no secret", async () => {
  const heard: [string, object][] = [];
  const telemetry = new Proxy({} as DsqlTelemetry, {
    get: (_target, name) => (event: object) => heard.push([String(name), event]),
  });
  await live(telemetry, "told");
  expect(heard.map(([name]) => name)).toEqual(WHAT_HAPPENED);
  expect(JSON.stringify(heard)).not.toMatch(/X-Amz|secret|INSERT/i);
});

test("continues when a listener throws", async () => {
  const heard: string[] = [];
  const telemetry = new Proxy({} as DsqlTelemetry, {
    get: (_target, name) => () => {
      heard.push(String(name));
      throw new Error("a listener of the user's");
    },
  });
  await live(telemetry, "thrown");
  expect(heard).toEqual(WHAT_HAPPENED);
});

test("continues when hooks reject, and warns once about each", async () => {
  const warnings: unknown[] = [];
  const rejects = async () => {
    throw new Error("a hook of the user's");
  };
  const telemetry = new Proxy({} as DsqlTelemetry, { get: () => rejects });
  const logger = {
    debug: rejects,
    info: rejects,
    warn: async (message: string, details?: object) => {
      warnings.push({ message, ...details });
      throw new Error("a logger of the user's");
    },
  };
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  try {
    await live(telemetry, "rejected", { logger, retry: { onRetry: rejects } });
    await setTimeout(10);
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
  expect(unhandled).toEqual([]);
  const failures = warnings.filter((one) => (one as { hook?: string }).hook !== undefined);
  expect(failures).toEqual([
    {
      message: expect.stringContaining("hook failed"),
      hook: "telemetry.tokenSigned",
      error: "a hook of the user's",
    },
    { message: expect.stringContaining("hook failed"), hook: "onRetry", error: "a hook of the user's" },
  ]);
});

test("counts for OpenTelemetry through the application's own meter provider", async () => {
  const counted: Record<string, number> = {};
  const instrument = (name: string) => {
    const count = () => {
      counted[name] = (counted[name] ?? 0) + 1;
    };
    return { add: count, record: count };
  };
  const meter = { createCounter: instrument, createHistogram: instrument };
  metrics.setGlobalMeterProvider({ getMeter: () => meter } as never);
  try {
    await live(openTelemetry(), "counted");
  } finally {
    metrics.disable();
  }
  expect(counted).toEqual({
    "dsql.connections.opened": 1,
    "db.client.connection.create_time": 1,
    "dsql.connections.failed": 1,
    "dsql.connections.closed": 1,
    "dsql.tokens.signed": 1,
    "dsql.token.duration": 1,
    "dsql.tokens.failed": 1,
    "dsql.retries": 1,
    "dsql.commits.unknown": 1,
  });
});
