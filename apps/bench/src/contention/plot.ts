import type { Outcome } from "./outcome.ts";

/** What the plot is drawn from: the hardest case of one row. */
export interface PlotData {
  clients: number;
  /** How long one transaction takes alone, times the clients. */
  serialMs: number;
  /** Outcomes by contender, each summed over so many runs. */
  outcomes: ReadonlyMap<string, Outcome>;
  runs: number;
}

const WIDTH = 760;
const HEIGHT = 400;
const MARGIN = { left: 56, right: 150, top: 44, bottom: 48 };
const COLOURS = ["#0b6e4f", "#c8553d", "#5b5b9a", "#b08900"];

/** An SVG of how many transactions have committed after how much time, a curve for each contender. */
export function plot({ clients, serialMs, outcomes, runs }: PlotData): string {
  const lastMs = Math.max(serialMs, ...[...outcomes.values()].flatMap(({ latenciesMs }) => latenciesMs));
  const x = (ms: number) => MARGIN.left + (ms / lastMs) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (committed: number) =>
    HEIGHT - MARGIN.bottom - (committed / clients) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const seconds = Array.from({ length: Math.floor(lastMs / 1000) + 1 }, (_, second) => second * 1000);
  const labels: Label[] = [];
  const curves = [...outcomes].map(([name, { latenciesMs }], index) => {
    const colour = COLOURS[index % COLOURS.length] as string;
    const ends = latenciesMs.toSorted((a, b) => a - b);
    const points = ends.map((ms, done) => `${x(ms).toFixed(1)},${y((done + 1) / runs).toFixed(1)}`);
    const committed = ends.length / runs;
    labels.push({
      text: `${name}: ${Math.round(committed)}`,
      x: x(ends.at(-1) ?? 0),
      y: y(committed),
      colour,
    });
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${x(0)},${y(0)} ${points.join(" ")}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${clients} clients write one row at the same time: how many have committed, over time</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="22" font-size="15">${clients} clients write one row at the same time</text>`,
    ...seconds.map((ms) => axisMark(x(ms), HEIGHT - MARGIN.bottom + 18, `${ms / 1000} s`)),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => gridLine(y(share * clients), `${share * clients}`)),
    `<text x="${MARGIN.left}" y="${HEIGHT - 8}" fill="#444">seconds since all of them began</text>`,
    `<text x="${MARGIN.left - 44}" y="${MARGIN.top - 8}" fill="#444">committed</text>`,
    `<line x1="${x(0)}" y1="${y(0)}" x2="${x(serialMs).toFixed(1)}" y2="${y(clients)}" stroke="#888" stroke-dasharray="5 4"/>`,
    ...curves,
    ...spread([
      ...labels,
      { text: "one after the other", x: x(serialMs / 2) + 8, y: y(clients / 2) + 14, colour: "#666" },
    ]).map(
      (label) =>
        `<text x="${(label.x + 6).toFixed(1)}" y="${(label.y + 4).toFixed(1)}" fill="${label.colour}">${label.text}</text>`,
    ),
    "</svg>",
    "",
  ].join("\n");
}

interface Label {
  text: string;
  x: number;
  y: number;
  colour: string;
}

/** Moves labels up that would lie on one another. */
function spread(labels: readonly Label[]): Label[] {
  const placed: Label[] = [];
  for (const label of labels) {
    let { y } = label;
    while (placed.some((other) => Math.abs(other.y - y) < 14 && Math.abs(other.x - label.x) < 150)) y -= 14;
    placed.push({ ...label, y });
  }
  return placed;
}

function axisMark(x: number, y: number, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="middle" fill="#444">${text}</text>`;
}

function gridLine(y: number, text: string): string {
  const line = `<line x1="${MARGIN.left}" y1="${y.toFixed(1)}" x2="${WIDTH - MARGIN.right}" y2="${y.toFixed(1)}" stroke="#e4e4e4"/>`;
  return `${line}<text x="${MARGIN.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end" fill="#444">${text}</text>`;
}
