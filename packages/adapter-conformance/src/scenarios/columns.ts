import { expect } from "vitest";
import type { Scenario, Theme } from "../scenario.ts";
import { type ColumnName, columnTypes } from "../schema.ts";

/** Stores each value, reads it back, and expects the same. */
function keeps(column: ColumnName, ...values: unknown[]): Scenario {
  return async ({ session }) => {
    for (const value of values) {
      const back = await session.roundTrip(column, value);
      if (value instanceof Uint8Array) expect(Buffer.compare(back as Uint8Array, value)).toBe(0);
      else expect(back).toEqual(value);
    }
  };
}

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const jsonValues = [
  { a: [1, "two", null, { three: true }] },
  ["a", 1, null],
  { 'quo"te': "back\\slash", ß: "\u0001" },
];

/** Every column type that DSQL stores, written and read. */
export const columns = {
  "keeps smallint": keeps("c_smallint", 0, -32_768, 32_767),
  "keeps integer": keeps("c_integer", 0, -2_147_483_648, 2_147_483_647),
  "keeps bigint beyond the safe integers": keeps(
    "c_bigint",
    0n,
    9_007_199_254_740_993n,
    -9_223_372_036_854_775_808n,
    9_223_372_036_854_775_807n,
  ),
  "keeps real": keeps("c_real", 0.5, -1.25e10),
  "keeps double precision": keeps("c_double", 0.1, -2.5, 1e100),
  "keeps a double to its last digit and at both ends": keeps(
    "c_double",
    0.30000000000000004,
    -1.7976931348623157e308,
    5e-324,
  ),
  "keeps numeric to its last digit": keeps(
    "c_numeric",
    "12345678901234567890.0123456789",
    "-0.0000000001",
    "0.0000000000",
  ),
  "keeps text": keeps("c_text", "", 'It\'s "quoted"; -- and \\ more\n\ttabs'),
  "keeps varchar": keeps("c_varchar", "Zürich"),
  "keeps char, padded": keeps("c_char", "ab  ", "abcd"),
  "keeps bpchar": keeps("c_bpchar", "abc"),
  "keeps boolean": keeps("c_boolean", true, false),
  "keeps date": keeps("c_date", "2024-02-29", "1969-12-31"),
  "keeps time": keeps("c_time", "23:59:59.999", "00:00:00"),
  "keeps timetz": keeps("c_timetz", "12:34:56+02", "12:34:56.5-05:30"),
  "keeps timestamp": keeps("c_timestamp", "2024-02-29 12:34:56.789", "1999-12-31 23:59:59"),
  "keeps timestamptz": keeps(
    "c_timestamptz",
    new Date("2024-02-29T12:34:56.789Z"),
    new Date("1960-01-01T00:00:00Z"),
  ),
  "keeps interval": keeps("c_interval", "1 year 2 mons 3 days 04:05:06.5", "13 days 23:59:59"),
  "keeps uuid": keeps("c_uuid", "0b6c7a56-2d1c-4a0e-9df4-8b2f0a3f1f11"),
  "keeps bytea, each of the 256 bytes": keeps("c_bytea", everyByte, new Uint8Array(0)),
  "keeps json": keeps("c_json", ...jsonValues),
  "keeps jsonb": keeps("c_jsonb", ...jsonValues),
  "keeps NULL in a column of any type": async ({ session }) => {
    for (const column of Object.keys(columnTypes) as ColumnName[]) {
      expect(await session.roundTrip(column, null)).toBeNull();
    }
  },
  "keeps Unicode text unchanged": keeps(
    "c_text",
    "日本語 עברית العربية हिन्दी",
    "👩‍👩‍👧‍👦 🇨🇭 𝒳",
    "e\u0301 is not é",
    "\u{10ffff}",
  ),
  "keeps a text of 1 MiB": keeps("c_text", "ä".repeat(524_288)),
  "keeps 1 MiB of bytes": keeps("c_bytea", new Uint8Array(1_048_576).fill(0xa5)),
} satisfies Theme;
