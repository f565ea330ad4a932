import { DsqlPool } from "dsql-core";
import type pg from "pg";
import type { BenchContext } from "../bench-context.ts";
import { startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { signToken, stockPool } from "../endpoint/stock-pools.ts";
import { finding } from "../report/finding.ts";

const STATEMENTS = 1000;
const CONCURRENCY = 4;
/** pg's default pool size; a pool that keeps its connections has no reason to open more. */
const MAX = 10;

/** How many connections a pool opens for statements that fail. */
export async function errors({ report }: BenchContext): Promise<void> {
  await using endpoint = await startEndpointProcess();
  const { connection } = endpoint;
  const kept = await connectionsOpened(new DsqlPool({ ...connection, max: MAX }));
  const stock = await connectionsOpened(stockPool(connection, await signToken(connection), MAX));
  report(
    finding({
      bench: "errors",
      case: `${STATEMENTS} failing statements, pool.query`,
      metric: "connections opened",
      unit: "connections",
      value: kept,
      baseline: stock,
      goal: { of: "value", is: "<=", limit: MAX },
    }),
  );
}

async function connectionsOpened(pool: pg.Pool): Promise<number> {
  let opened = 0;
  let failed = 0;
  pool.on("connect", () => opened++);
  const worker = async () => {
    for (let i = 0; i < STATEMENTS / CONCURRENCY; i++) {
      await pool.query("SELECT 1 / $1::int", [0]).catch(() => failed++);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  } finally {
    await pool.end();
  }
  if (failed !== STATEMENTS) throw new Error(`${STATEMENTS - failed} statements did not fail`);
  return opened;
}
