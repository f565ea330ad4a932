/** Clients that all write rows drawn from a few, each once, all at the same time. */
export interface ContentionCase {
  clients: number;
  rows: number;
  processes: number;
}

/** A case of the benchmark. */
export interface MeasuredCase extends ContentionCase {
  /** How often each contender runs it: a case of less than a second varies more from run to run. */
  runs: number;
}

export const contentionCases: readonly MeasuredCase[] = [
  { clients: 2, rows: 1, processes: 1, runs: 3 },
  { clients: 5, rows: 1, processes: 1, runs: 3 },
  { clients: 20, rows: 1, processes: 1, runs: 3 },
  { clients: 100, rows: 1, processes: 1, runs: 3 },
  { clients: 100, rows: 10, processes: 1, runs: 3 },
  { clients: 100, rows: 50, processes: 1, runs: 9 },
  { clients: 200, rows: 2000, processes: 1, runs: 9 },
  { clients: 25, rows: 1, processes: 4, runs: 3 },
];

export function caseName({ clients, rows, processes }: ContentionCase): string {
  const who = processes > 1 ? `${processes} processes x ${clients} clients` : `${clients} clients`;
  return `${who}, ${rows} ${rows === 1 ? "row" : "rows"}`;
}
