import { writeFile } from "node:fs/promises";
import type { BenchContext } from "../bench-context.ts";
import { startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { signToken, stockPool } from "../endpoint/stock-pools.ts";
import { median } from "../report/statistics.ts";
import { type ContentionCase, contentionCases, type MeasuredCase } from "./cases.ts";
import { contenders } from "./contenders.ts";
import { type Arena, measureCase, prepareRows } from "./measure-case.ts";
import { type Outcome, outcomeFindings, together } from "./outcome.ts";
import { plot } from "./plot.ts";
import { startWorkers } from "./workers.ts";

/** Enough transactions one after the other to know how long one takes. */
const SERIAL_TRANSACTIONS = 12;
const LATENCY = { roundTripMs: 1.5, commitMs: 12, commitJitter: 0.3 };

/** The default, and what others do, side by side against dsql-local with a cluster's latency. */
export async function contention({ report, plotPath }: BenchContext): Promise<void> {
  await using endpoint = await startEndpointProcess();
  await using workers = startWorkers(4);
  const observer = stockPool(endpoint.connection, await signToken(endpoint.connection), 1);
  try {
    const arena = { connection: endpoint.connection, workers, observer };
    for (const which of contentionCases) {
      await endpoint.latency({});
      await prepareRows(observer, which.rows);
      await endpoint.latency(LATENCY);
      const serialMs = await oneAfterTheOther(arena, which);
      const outcomes = await sideBySide(arena, which);
      const fullJitterMs = outcomes.get("full jitter")?.elapsedMs ?? Number.NaN;
      for (const [name, outcome] of outcomes) {
        const baselines = { serialMs, fullJitterMs };
        outcomeFindings("contention", name, { which, outcome, baselines }).forEach(report);
      }
      if (plotPath !== undefined && isPlotted(which)) {
        await writeFile(plotPath, plot({ clients: which.clients, serialMs, outcomes, runs: which.runs }));
      }
    }
  } finally {
    await observer.end();
  }
}

/** How long the transactions of a case take when nobody else is there. */
async function oneAfterTheOther(arena: Arena, which: ContentionCase): Promise<number> {
  const alone = { clients: 1, rows: 1, processes: 1 };
  const elapsed: number[] = [];
  for (let run = 0; run < SERIAL_TRANSACTIONS; run++) {
    elapsed.push((await measureCase(arena, alone, { contender: "full jitter", seed: run })).elapsedMs);
  }
  return median(elapsed) * which.clients * which.processes;
}

async function sideBySide(arena: Arena, which: MeasuredCase): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let run = 0; run < which.runs; run++) {
    const inOrder = [...outcomes];
    // A different contender begins each time, so that none always gets the newly created table.
    const first = run % inOrder.length;
    for (const [contender, runs] of [...inOrder.slice(first), ...inOrder.slice(0, first)]) {
      runs.push(await measureCase(arena, which, { contender, seed: run + 1 }));
    }
  }
  return new Map([...outcomes].map(([name, runs]) => [name, together(runs)]));
}

/** The case in which the contenders differ most. */
function isPlotted({ clients, rows, processes }: ContentionCase): boolean {
  return clients === 100 && rows === 1 && processes === 1;
}
