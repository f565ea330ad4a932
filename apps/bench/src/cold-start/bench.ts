import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchContext } from "../bench-context.ts";
import { type EndpointProcess, startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { type Finding, finding, type Goal } from "../report/finding.ts";
import { median } from "../report/statistics.ts";
import { bundled, PROGRAMS, type Program, unbundled } from "./bundle-programs.ts";
import type { StartReport } from "./program-main.ts";
import type { Target } from "./target.ts";

const ROUNDS = 21;
const LITTLE_MORE: Goal = { of: "ratio", is: "<=", limit: 1.1 };

type Start = StartReport & { wholeElapsedMs: number };

const METRICS: readonly [keyof Start, string][] = [
  ["wholeCpuMs", "CPU, whole process"],
  ["wholeElapsedMs", "time, whole process"],
  ["cpuMs", "CPU, import to first query"],
  ["elapsedMs", "time, import to first query"],
];

/** What a process costs that starts, connects, sends one query and ends, against pg with a signer by hand and AWS's connector. */
export async function coldStart({ report }: BenchContext): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "bench-cold-start-"));
  try {
    await using endpoint = await startEndpointProcess();
    for (const form of ["packages", "one bundle"] as const) {
      const files = new Map<Program, string>();
      for (const program of PROGRAMS)
        files.set(program, form === "packages" ? unbundled(program) : await bundled(program, folder));
      const starts = await startInTurns(files, endpoint);
      for (const result of compare(form, starts)) report(result);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs every program once in each round, after one round that is not counted and warms the file system's cache. */
async function startInTurns(
  files: ReadonlyMap<Program, string>,
  { connection }: EndpointProcess,
): Promise<Map<Program, Start[]>> {
  const { host, hostaddr, port, region, ca, credentials } = connection;
  const env = {
    COLD_START_TARGET: JSON.stringify({ host, hostaddr, port, region, ca } satisfies Target),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const starts = new Map<Program, Start[]>(PROGRAMS.map((program) => [program, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [program, file] of round % 2 === 0 ? files : [...files].reverse()) {
      const start = await startOnce(file, env);
      if (round > 0) starts.get(program)?.push(start);
    }
  }
  return starts;
}

async function startOnce(file: string, env: Record<string, string>): Promise<Start> {
  const main = fileURLToPath(new URL("./program-main.js", import.meta.url));
  const startedAt = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [main, file], {
    env: { ...process.env, ...env },
  });
  return { wholeElapsedMs: performance.now() - startedAt, ...(JSON.parse(stdout) as StartReport) };
}

function compare(form: string, starts: ReadonlyMap<Program, readonly Start[]>): Finding[] {
  const ours = starts.get("dsql-core") ?? [];
  const against = (program: Program, name: string, goal: Goal | undefined) =>
    METRICS.map(([key, metric]) =>
      finding({
        ...{ bench: "cold-start", case: `${form}: DsqlPool against ${name}`, metric, unit: "ms", goal },
        ...pairOf(ours, starts.get(program) ?? [], key),
      }),
    );
  return [
    ...against("by-hand", "pg with a signer", LITTLE_MORE),
    ...against("aws-connector", "AWS's connector", undefined),
  ];
}

/** The median of the baseline, and the same times the median ratio of the rounds. */
function pairOf(
  ours: readonly Start[],
  theirs: readonly Start[],
  key: keyof Start,
): { value: number; baseline: number } {
  const baseline = median(theirs.map((start) => start[key]));
  const ratio = median(ours.map((start, round) => start[key] / (theirs[round]?.[key] ?? Number.NaN)));
  return { value: ratio * baseline, baseline };
}
