/** Clients that all write rows drawn from a few, each once, all at the same time. */
export interface ContentionCase {
  clients: number;
  rows: number;
  processes: number;
}

export const contentionCases: readonly ContentionCase[] = [
  { clients: 2, rows: 1, processes: 1 },
  { clients: 5, rows: 1, processes: 1 },
  { clients: 20, rows: 1, processes: 1 },
  { clients: 100, rows: 1, processes: 1 },
  { clients: 100, rows: 10, processes: 1 },
  { clients: 100, rows: 50, processes: 1 },
  { clients: 200, rows: 2000, processes: 1 },
  { clients: 25, rows: 1, processes: 4 },
];

export function caseName({ clients, rows, processes }: ContentionCase): string {
  const who = processes > 1 ? `${processes} processes x ${clients} clients` : `${clients} clients`;
  return `${who}, ${rows} ${rows === 1 ? "row" : "rows"}`;
}
