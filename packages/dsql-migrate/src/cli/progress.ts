import { styleText } from "node:util";
import type { MigrateEvent, MigrateListener } from "../apply/events.ts";
import type { Terminal } from "./command.ts";

const BAR_WIDTH = 24;
/** Lines about a running step are this far apart where they cannot replace one another. */
const QUIET_MS = 10_000;

/** Prints events: one JSON object a line. */
export function jsonProgress(terminal: Terminal): MigrateListener {
  return (event) => {
    terminal.stdout.write(
      `${JSON.stringify(event, (_key, value) => (value instanceof Error ? errorJson(value) : value))}\n`,
    );
  };
}

/** Prints events for a person: a bar that moves on a terminal, plain lines elsewhere. */
export function textProgress(terminal: Terminal): MigrateListener {
  const live = terminal.stdout.isTTY === true;
  const style = styler(terminal);
  let shown = false;
  let lastLineAt = 0;
  const line = (text: string) => {
    if (shown) terminal.stdout.write("\r\x1b[K");
    shown = false;
    terminal.stdout.write(`${text}\n`);
    lastLineAt = performance.now();
  };
  const replaceable = (text: string) => {
    terminal.stdout.write(`\r\x1b[K${text.slice(0, (terminal.stdout.columns ?? 80) - 1)}`);
    shown = true;
  };
  return (event) => {
    switch (event.type) {
      case "lock-waiting":
        return line(`Waiting for ${event.owner}, which holds the lock.`);
      case "lock-acquired":
        if (event.takenFrom !== undefined)
          line(`Took over the lock from ${event.takenFrom}, whose lease had expired.`);
        return;
      case "migration-started":
        return line(
          `${style("bold", event.migration)}  ${count(event.steps, "step")}${event.resumedAt === undefined ? "" : `, continued at step ${event.resumedAt + 1}`}`,
        );
      case "step-started":
        if (live) replaceable(`  ${position(event)} ${summaryOf(event.sql)}`);
        return;
      case "step-progress": {
        const text = `  ${position(event)} ${bar(event.position / event.steps)} ${progressOf(event)}, ${seconds(event.elapsedMs)}`;
        if (live) replaceable(text);
        else if (performance.now() - lastLineAt > QUIET_MS) line(text);
        return;
      }
      case "step-done": {
        const mark = event.recovered ? "had run already" : seconds(event.elapsedMs);
        return line(
          `  ${style("green", "✓")} ${position(event)} ${summaryOf(event.sql)} ${style("dim", `(${mark})`)}`,
        );
      }
      case "step-failed":
        return line(`  ${style("red", "✗")} ${position(event)} ${summaryOf(event.sql)}`);
      case "warning":
        return line(`${style("yellow", "Warning:")} ${event.message}`);
      case "migration-done":
        return;
    }
  };
}

/** Gives a text colours, or leaves it as it is. */
export type Styler = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Colours where a terminal has them and NO_COLOR is not set. */
export function styler(terminal: Terminal): Styler {
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "";
  const wanted = (terminal.stdout.isTTY === true && TERM !== "dumb") || forced;
  if (!wanted || (NO_COLOR !== undefined && NO_COLOR !== "")) return (_format, text) => text;
  return (format, text) => styleText(format, text, { validateStream: false });
}

/** The beginning of a statement, on one line. */
export function summaryOf(sql: string, characters = 72): string {
  const flat = sql
    .replace(/--[^\n]*(\n|$)/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return flat.length <= characters ? flat : `${flat.slice(0, characters - 1)}…`;
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

export function seconds(milliseconds: number): string {
  return milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function position(event: { position: number; steps: number }): string {
  return `${String(event.position + 1).padStart(String(event.steps).length)}/${event.steps}`;
}

function progressOf(event: Extract<MigrateEvent, { type: "step-progress" }>): string {
  if (event.rows !== undefined) return `${count(event.rows, "row")} filled`;
  return `job ${event.jobStatus ?? "submitted"}`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}]`;
}

function errorJson(error: Error): object {
  const { code } = error as { code?: unknown };
  return { name: error.name, message: error.message, ...(typeof code === "string" ? { code } : {}) };
}
