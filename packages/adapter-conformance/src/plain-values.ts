import type { ColumnName } from "./schema.ts";

/** What pg's own parser returns for an interval; parts that are 0 are absent. */
interface ParsedInterval {
  years?: number | undefined;
  months?: number | undefined;
  days?: number | undefined;
  hours?: number | undefined;
  minutes?: number | undefined;
  seconds?: number | undefined;
  milliseconds?: number | undefined;
}

const pad = (number: number, width = 2) => String(number).padStart(width, "0");

/**
 * Turns what pg's default parsers return into the suite's form: int8 text into bigint, dates and timestamps, which pg
 * reads as local time, into PostgreSQL's text.
 */
export function fromPgValue(column: ColumnName, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (column === "c_bigint") return BigInt(value as string);
  if (column === "c_interval") return intervalText(value as ParsedInterval);
  if (value instanceof Date && column === "c_date") return localDate(value);
  if (value instanceof Date && column === "c_timestamp") return `${localDate(value)} ${localTime(value)}`;
  return value;
}

/** Converts the suite's form to a parameter for pg. */
export function toPgValue(column: ColumnName, value: unknown): unknown {
  if (value === null) return null;
  if (column === "c_json" || column === "c_jsonb") return JSON.stringify(value);
  if (column === "c_bigint") return String(value);
  return value;
}

function localDate(value: Date): string {
  return `${pad(value.getFullYear(), 4)}-${pad(value.getMonth() + 1)}-${pad(value.getDate())}`;
}

function localTime(value: Date): string {
  const whole = `${pad(value.getHours())}:${pad(value.getMinutes())}:${pad(value.getSeconds())}`;
  return value.getMilliseconds() === 0 ? whole : `${whole}.${pad(value.getMilliseconds(), 3)}`;
}

/** As PostgreSQL prints it: `1 year 2 mons 3 days 04:05:06.5`; the suite uses no negative ones. */
function intervalText(interval: ParsedInterval): string {
  const { years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = interval;
  const parts = [
    [years, "year"],
    [months, "mon"],
    [days, "day"],
  ] as const;
  const words = parts
    .filter(([count]) => count !== 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  const fraction = String(milliseconds / 1000).slice(1);
  return [...words, `${pad(hours)}:${pad(minutes)}:${pad(seconds)}${fraction}`].join(" ");
}
