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
/** About how wide a character is at the labels' size. */
const CHARACTER = 6.4;
const HEIGHT = 400;
const MARGIN = { left: 56, right: 40, top: 44, bottom: 48 };
/** Each curve's name for a reader, and its class. */
const CURVES: Readonly<Record<string, { name: string; kind: string }>> = {
  default: { name: "aurora-dsql-ts", kind: "ours" },
  "full jitter": { name: "full jitter, 50 attempts", kind: "jitter" },
  "Rust connector": { name: "AWS's Rust connector", kind: "rust" },
  "node connector": { name: "AWS's Node.js connector", kind: "node" },
};
/** Colours that can be told apart on white and on black, by the reader's own setting. */
const STYLE = `<style>
.back { fill: #ffffff } text { fill: #333333 } .grid { stroke: #e4e4e4 } .serial { stroke: #888888 }
.ours { stroke: #0b6e4f; stroke-width: 3.5 } .jitter { stroke: #c8553d } .rust { stroke: #5b5b9a } .node { stroke: #96700a }
polyline { fill: none; stroke-width: 2 } .label-ours { font-weight: bold }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } text { fill: #d0d7de } .grid { stroke: #30363d } .serial { stroke: #8b949e }
.ours { stroke: #3fb98c } .jitter { stroke: #f08a75 } .rust { stroke: #a5a5f0 } .node { stroke: #e0b93b }
}
</style>`;

/** An SVG of how many transactions have committed after how much time, a curve for each contender. */
export function plot({ clients, serialMs, outcomes, runs }: PlotData): string {
  const lastMs = Math.max(serialMs, ...[...outcomes.values()].flatMap(({ latenciesMs }) => latenciesMs));
  const x = (ms: number) => MARGIN.left + (ms / lastMs) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (committed: number) =>
    HEIGHT - MARGIN.bottom - (committed / clients) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const seconds = Array.from({ length: Math.floor(lastMs / 1000) + 1 }, (_, second) => second * 1000);
  const labels: Label[] = [];
  const curves = [...outcomes].map(([contender, { latenciesMs }]) => {
    const { name, kind } = CURVES[contender] ?? { name: contender, kind: "jitter" };
    const ends = latenciesMs.toSorted((a, b) => a - b);
    const points = ends.map((ms, done) => `${x(ms).toFixed(1)},${y((done + 1) / runs).toFixed(1)}`);
    const committed = Math.round(ends.length / runs);
    const end = { x: x(ends.at(-1) ?? 0), y: y(ends.length / runs) };
    const outcome =
      committed < clients ? `${committed} of ${clients}, the others ran out of attempts` : `all ${clients}`;
    labels.push({ text: `${name}: ${outcome}`, kind, ...end });
    const cross = `<path class="${kind}" stroke-width="2" d="M${end.x - 4} ${end.y - 4}l8 8m0 -8l-8 8"/>`;
    const curve = `<polyline class="${kind}" points="${x(0)},${y(0)} ${points.join(" ")}"/>`;
    return committed < clients ? curve + cross : curve;
  });
  labels.push({ text: "one after the other", kind: "serial", x: x(serialMs * 0.3), y: y(clients * 0.3) });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${clients} clients write one row at the same time: how many have committed, over time</title>`,
    STYLE,
    `<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="15">${clients} clients write one row at the same time: how many have committed</text>`,
    ...seconds.map((ms) => axisMark(x(ms), HEIGHT - MARGIN.bottom + 18, `${ms / 1000} s`)),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => gridLine(y(share * clients), `${share * clients}`)),
    `<line class="serial" x1="${x(0)}" y1="${y(0)}" x2="${x(serialMs).toFixed(1)}" y2="${y(clients)}" stroke-dasharray="5 4"/>`,
    ...curves,
    ...spread(labels).map(labelled),
    "</svg>",
    "",
  ].join("\n");
}

interface Label {
  text: string;
  kind: string;
  /** The end of the curve that the label names. */
  x: number;
  y: number;
}

/** Labels that would lie on one another, or outside, are moved, and a thin line leads from them to their curve. */
function spread(labels: readonly Label[]): { label: Label; x: number; y: number }[] {
  const placed: { label: Label; x: number; y: number }[] = [];
  for (const label of labels) {
    const width = label.text.length * CHARACTER;
    const x = Math.min(label.x + 10, WIDTH - width - 4);
    // A label that is moved to the left would lie on its own curve.
    let y = Math.max(label.y + 4, MARGIN.top + 18) + (x < label.x ? 34 : 0);
    const overlaps = () =>
      placed.some(
        (other) =>
          Math.abs(other.y - y) < 16 &&
          x < other.x + other.label.text.length * CHARACTER &&
          other.x < x + width,
      );
    while (overlaps()) y += label.y < HEIGHT / 2 ? 16 : -16;
    placed.push({ label, x, y });
  }
  return placed;
}

function labelled({ label, x, y }: { label: Label; x: number; y: number }): string {
  const isFar = Math.hypot(x - label.x, y - label.y) > 18;
  const leader = isFar
    ? `<line class="grid" x1="${label.x.toFixed(1)}" y1="${label.y.toFixed(1)}" x2="${(x - 3).toFixed(1)}" y2="${(y - 4).toFixed(1)}"/>`
    : "";
  return `${leader}<text class="label-${label.kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${label.text}</text>`;
}

function axisMark(x: number, y: number, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="middle">${text}</text>`;
}

function gridLine(y: number, text: string): string {
  const line = `<line class="grid" x1="${MARGIN.left}" y1="${y.toFixed(1)}" x2="${WIDTH - MARGIN.right}" y2="${y.toFixed(1)}"/>`;
  return `${line}<text x="${MARGIN.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${text}</text>`;
}
