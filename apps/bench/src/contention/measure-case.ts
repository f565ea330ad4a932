import type { LocalConnection } from "dsql-local";
import type pg from "pg";
import { seeded } from "../measure/virtual-clock.ts";
import type { ContentionCase } from "./cases.ts";
import type { Outcome } from "./outcome.ts";
import type { ClientsPlan, TimedOutcome } from "./run-clients.ts";
import type { Workers } from "./workers.ts";

/** Where a case runs. */
export interface Arena {
  connection: LocalConnection;
  workers: Workers;
  /** A connection besides the clients', to prepare and to check rows. */
  observer: pg.Pool;
}

/** The rows of one INSERT, well below what DSQL allows. */
const MAX_ROWS_PER_INSERT = 1000;

export async function prepareRows(observer: pg.Pool, rows: number): Promise<void> {
  await observer.query("DROP TABLE IF EXISTS bench_contention");
  await observer.query("CREATE TABLE bench_contention (id int PRIMARY KEY, value bigint NOT NULL)");
  for (let first = 1; first <= rows; first += MAX_ROWS_PER_INSERT) {
    const last = Math.min(rows, first + MAX_ROWS_PER_INSERT - 1);
    await observer.query(
      "INSERT INTO bench_contention SELECT n, 0 FROM generate_series($1::int, $2::int) n",
      [first, last],
    );
  }
}

/**
 * Runs one case once; the seed draws the rows, so that every contender gets the same.
 * @throws when an update was lost, or was stored but not reported
 */
export async function measureCase(
  arena: Arena,
  which: ContentionCase,
  { contender, seed }: { contender: string; seed: number },
): Promise<Outcome> {
  const random = seeded(seed);
  const plans = Array.from(
    { length: which.processes },
    (): ClientsPlan => ({
      connection: arena.connection,
      contender,
      rows: Array.from({ length: which.clients }, () => 1 + Math.floor(random() * which.rows)),
    }),
  );
  const before = await total(arena.observer);
  const outcome = combined(await arena.workers.run(plans));
  const stored = (await total(arena.observer)) - before;
  if (stored !== outcome.committed) {
    throw new Error(`${contender}: ${outcome.committed} commits were reported and ${stored} are stored`);
  }
  return outcome;
}

async function total(observer: pg.Pool): Promise<number> {
  const result = await observer.query("SELECT sum(value) AS total FROM bench_contention");
  return Number(result.rows[0].total);
}

function combined(outcomes: readonly TimedOutcome[]): Outcome {
  const startedAtMs = Math.min(...outcomes.map((outcome) => outcome.startedAtMs));
  const endedAtMs = Math.max(...outcomes.map((outcome) => outcome.endedAtMs));
  return {
    committed: outcomes.reduce((sum, { committed }) => sum + committed, 0),
    attempts: outcomes.reduce((sum, { attempts }) => sum + attempts, 0),
    elapsedMs: endedAtMs - startedAtMs,
    latenciesMs: outcomes.flatMap(({ latenciesMs }) => latenciesMs),
  };
}
