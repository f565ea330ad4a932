import { isOccError } from "dsql-core";
import type { LocalConnection } from "dsql-local";
import type pg from "pg";
import { type Contender, contenders } from "./contenders.ts";
import type { Outcome } from "./outcome.ts";

/** What one process does in a measured case. */
export interface ClientsPlan {
  connection: LocalConnection;
  contender: string;
  /** For each client, the id of the row that it writes. */
  rows: readonly number[];
}

/** An outcome, and when it began and ended by the machine's clock. */
export interface TimedOutcome extends Outcome {
  startedAtMs: number;
  endedAtMs: number;
}

/** Opens a connection for every client, waits for the signal, and lets them all run at once. */
export async function runClients(plan: ClientsPlan, ready: () => Promise<void>): Promise<TimedOutcome> {
  const open = contenders[plan.contender];
  if (open === undefined) throw new Error(`there is no contender "${plan.contender}"`);
  const contender = await open(plan.connection, plan.rows.length);
  try {
    await connectAll(contender.pool, plan.rows.length);
    await ready();
    return await fight(contender, plan.rows);
  } finally {
    await contender.pool.end();
  }
}

async function connectAll(pool: pg.Pool, clients: number): Promise<void> {
  const connected = await Promise.all(Array.from({ length: clients }, () => pool.connect()));
  for (const client of connected) client.release();
}

async function fight(contender: Contender, rows: readonly number[]): Promise<TimedOutcome> {
  const outcome: Outcome = { committed: 0, attempts: 0, elapsedMs: 0, latenciesMs: [] };
  const clock = () => performance.timeOrigin + performance.now();
  const startedAtMs = clock();
  const client = async (row: number) => {
    const firstAttemptAt = performance.now();
    try {
      await contender.transaction((connection) => {
        outcome.attempts++;
        return increment(connection, row);
      });
      outcome.committed++;
      outcome.latenciesMs.push(performance.now() - firstAttemptAt);
    } catch (error) {
      if (!isOccError(error)) throw error;
    }
  };
  await Promise.all(rows.map(client));
  const endedAtMs = clock();
  return { ...outcome, elapsedMs: endedAtMs - startedAtMs, startedAtMs, endedAtMs };
}

/** Read, modify, write. */
async function increment(client: pg.ClientBase, row: number): Promise<void> {
  const read = await client.query("SELECT value FROM bench_contention WHERE id = $1", [row]);
  const value = Number(read.rows[0].value) + 1;
  await client.query("UPDATE bench_contention SET value = $2 WHERE id = $1", [row, value]);
}
