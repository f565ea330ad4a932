import { literal } from "../sql/quoting.ts";

/**
 * The name of a key column's type in pg_type; for a domain, the name of its base type.
 *
 * This file normalizes values of key columns, so that two texts are identical if and only if the values are equal by
 * PostgreSQL's `=`. The mark triggers write dates in ISO style and in UTC.
 */
export type KeyType = string;

/** Foreign key values whose conversion to the type of the parent's key depends on the time zone: {@link zonedKey} -> text. */
export type ZonedValues = ReadonlyMap<string, string>;
export const zonedKey = (parent: KeyType, text: string): string => `${parent} ${text}`;

/** Normalizes the value of a key column. */
export function keyValue(type: KeyType, text: string): string {
  switch (type) {
    case "numeric":
      return plainNumber(text);
    case "float4":
      return binaryNumber(Math.fround(Number(text)), text);
    case "float8":
      return binaryNumber(Number(text), text);
    case "bpchar":
      return text.replace(/ +$/, "");
    default:
      return text;
  }
}

/** Normalizes a foreign key's value like a value of the parent's key, for every pair of types that PostgreSQL can compare. */
export function referenceValue(parent: KeyType, child: KeyType, text: string, zoned?: ZonedValues): string {
  if (parent === "float8" || parent === "float4") {
    const isSingle = child === "float4" || (parent === "float4" && child !== "float8");
    return binaryNumber(isSingle ? Math.fround(Number(text)) : Number(text), text);
  }
  if (parent === "text" || parent === "varchar") return child === "bpchar" ? keyValue("bpchar", text) : text;
  if (isZoned(parent, child)) return zoned?.get(zonedKey(parent, text)) ?? inUtc(parent, child, text);
  if (parent === "date" && child === "timestamp") return toDate(text);
  if (parent === "timestamp" && child === "date") return toTimestamp(text);
  return keyValue(parent, text);
}

/** Whether a comparison of these types depends on the session's time zone. */
export function isZoned(parent: KeyType, child: KeyType): boolean {
  return (parent === "timestamptz") !== (child === "timestamptz");
}

/**
 * SQL that converts foreign key values in the session's time zone; it returns one column, in the order of the values.
 * `to_json` writes dates in ISO style in every session.
 */
export function zonedValuesSql(parent: KeyType, texts: readonly string[]): string {
  const values = texts.map(literal).join(", ");
  const converted =
    parent === "timestamptz"
      ? "pg_catalog.timezone('UTC', value::pg_catalog.timestamp::pg_catalog.timestamptz)"
      : `value::pg_catalog.timestamptz::pg_catalog.${parent}`;
  return `SELECT pg_catalog.to_json(${converted})::text
    FROM pg_catalog.unnest(ARRAY[${values}]::text[]) WITH ORDINALITY AS v(value, n) ORDER BY n`;
}

/** Parses a value that {@link zonedValuesSql} has returned. */
export function parseZonedValue(parent: KeyType, json: string): string {
  const text = (JSON.parse(json) as string).replace("T", " ");
  return parent === "timestamptz" ? withOffset(text) : text;
}

/** `1.50` and `1.5` are the same number, and so are `-0` and `0`. */
function plainNumber(text: string): string {
  const trimmed = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return trimmed === "-0" ? "0" : trimmed;
}

function binaryNumber(value: number, text: string): string {
  if (Number.isNaN(value)) return text;
  return value === 0 ? "0" : String(value);
}

function inUtc(parent: KeyType, child: KeyType, text: string): string {
  if (parent === "timestamptz") return withOffset(child === "date" ? toTimestamp(text) : text);
  const timestamp = text.replace(/\+00(?= BC$|$)/, "");
  return parent === "date" ? toDate(timestamp) : timestamp;
}

const withOffset = (timestamp: string): string => timestamp.replace(/(\d)(?= BC$|$)/, "$1+00");
const toDate = (timestamp: string): string => timestamp.replace(/ 00:00:00(?= BC$|$)/, "");
const toTimestamp = (date: string): string => date.replace(/(\d)(?= BC$|$)/, "$1 00:00:00");
