import { retryOnOcc } from "dsql-core";
import { policies } from "../contention/policies.ts";
import { virtualClock } from "../measure/virtual-clock.ts";
import { type Finding, finding } from "../report/finding.ts";
import { quantile } from "../report/statistics.ts";
import { CLIENTS, type Crowd, type CrowdPolicy, runCrowd, type Tally } from "./crowd.ts";

const HOT_SHARES = [0.25, 0.5, 0.75, 1];
const HOT_ROWS = [1, 10, 100, 1000];

/** Hot transactions of a cell, so many that the slowest hundredth of them does not depend on the seed. */
const HOT_TRANSACTIONS = 10_000;
const TRANSACTIONS_OF_A_RUN = 3 * CLIENTS;

const usual = {
  drawnBy: "uniform",
  lengths: "same",
  processes: 1,
  thinkMs: 0,
  isSeen: true,
} satisfies Partial<Crowd>;

/** What may make a crowd unlike the usual one, each by itself and then all together. */
const variations: readonly Partial<Crowd>[] = [
  {},
  { drawnBy: "zipf" },
  { lengths: "1:20" },
  { processes: 4 },
  { thinkMs: 400 },
  { isSeen: false },
  { drawnBy: "zipf", lengths: "1:20", processes: 4, thinkMs: 400 },
];

/** Every crowd in which the default is compared with full jitter; all of its transactions go through one function. */
export const gridCells: readonly Crowd[] = variations.flatMap((variation) => [
  { ...usual, ...variation, hotShare: 0, hotRows: 1 },
  ...HOT_ROWS.flatMap((hotRows) =>
    HOT_SHARES.map((hotShare) => ({ ...usual, ...variation, hotShare, hotRows })),
  ),
]);

const contenders = {
  default: (transaction) => retryOnOcc(transaction),
  "full jitter": (transaction) => policies["full jitter"](transaction),
  conflictKey: (transaction, { process, row }) =>
    retryOnOcc(transaction, { cluster: process, conflictKey: row }),
} satisfies Record<string, CrowdPolicy>;

/** One cell: the default against full jitter, and its cold work against the same work without the hot. */
export async function gridFindings(
  crowd: Crowd,
  runs: number = Math.ceil(HOT_TRANSACTIONS / TRANSACTIONS_OF_A_RUN / Math.max(0.25, crowd.hotShare)),
): Promise<Finding[]> {
  const ours = await repeated(runs, crowd, contenders.default);
  const fullJitter = await repeated(runs, crowd, contenders["full jitter"]);
  const keyed = await repeated(runs, crowd, contenders.conflictKey);
  const coldAlone = await repeated(runs, crowd, contenders.default, "cold");
  const named = (contender: string) => ({ bench: "simulate", case: `${crowdName(crowd)}: ${contender}` });
  const goalOfCommitted =
    committedShare(fullJitter) === 100
      ? ({ of: "value", is: ">=", limit: 100 } as const)
      : ({ of: "ratio", is: ">=", limit: 1 } as const);
  const compared = (contender: "default" | "conflictKey", result: Result): Finding[] => {
    const names = named(contender);
    const isJudged = contender === "default";
    const findings = [
      finding({
        ...names,
        metric: "committed",
        unit: "%",
        value: committedShare(result),
        baseline: committedShare(fullJitter),
        ...(isJudged && { goal: goalOfCommitted }),
      }),
      finding({
        ...names,
        metric: "attempts per commit",
        unit: "attempts",
        value: attemptsPerCommit(result),
        baseline: attemptsPerCommit(fullJitter),
        ...(isJudged && { goal: { of: "ratio", is: "<=", limit: 1.05 } }),
      }),
    ];
    if (crowd.hotShare > 0) {
      findings.push(
        finding({ ...names, ...latency("hot", 0.5, result, fullJitter) }),
        finding({
          ...names,
          ...latency("hot", 0.99, result, fullJitter),
          ...(isJudged && { goal: { of: "ratio", is: "<=", limit: 1.05 } }),
        }),
      );
    }
    if (crowd.hotShare < 1) {
      findings.push(
        finding({ ...names, ...latency("cold", 0.5, result, coldAlone) }),
        finding({
          ...names,
          ...latency("cold", 0.99, result, coldAlone),
          ...(isJudged && { goal: { of: "ratio", is: "<=", limit: 1.1 } }),
        }),
      );
    }
    return findings;
  };
  return [...compared("default", ours), ...compared("conflictKey", keyed)];
}

type Result = Record<"hot" | "cold", Tally>;

async function repeated(
  runs: number,
  crowd: Crowd,
  policy: CrowdPolicy,
  only?: "hot" | "cold",
): Promise<Result> {
  const sum: Result = {
    hot: { transactions: 0, attempts: 0, latenciesMs: [] },
    cold: { transactions: 0, attempts: 0, latenciesMs: [] },
  };
  for (let seed = 1; seed <= runs; seed++) {
    const result = await virtualClock(seed * 7919).run(() =>
      runCrowd(crowd, policy, { seed, ...(only && { only }) }),
    );
    for (const kind of ["hot", "cold"] as const) {
      sum[kind].transactions += result[kind].transactions;
      sum[kind].attempts += result[kind].attempts;
      sum[kind].latenciesMs.push(...result[kind].latenciesMs);
    }
  }
  return sum;
}

function committedShare({ hot, cold }: Result): number {
  return (100 * (hot.latenciesMs.length + cold.latenciesMs.length)) / (hot.transactions + cold.transactions);
}

function attemptsPerCommit({ hot, cold }: Result): number {
  return (hot.attempts + cold.attempts) / (hot.latenciesMs.length + cold.latenciesMs.length);
}

function latency(kind: "hot" | "cold", share: number, result: Result, baseline: Result) {
  const of = (from: Result) => quantile(from[kind].latenciesMs, share);
  return { metric: `${kind} p${share * 100}`, unit: "ms", value: of(result), baseline: of(baseline) };
}

function crowdName({ hotShare, hotRows, drawnBy, lengths, processes, thinkMs, isSeen }: Crowd): string {
  if (hotShare === 0) hotRows = 0;
  const parts = [
    `${hotShare * 100} % hot`,
    ...(hotRows > 0 ? [`${hotRows} ${hotRows === 1 ? "row" : "rows"}`] : []),
    ...(drawnBy === "zipf" ? ["Zipf"] : []),
    ...(lengths === "1:20" ? ["lengths 1:20"] : []),
    ...(processes > 1 ? [`${processes} processes`] : []),
    ...(thinkMs > 0 ? [`thinks ${thinkMs} ms`] : []),
    ...(isSeen ? [] : ["statements unseen"]),
  ];
  return parts.join(", ");
}
