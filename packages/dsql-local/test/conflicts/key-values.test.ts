import { describe, expect, it } from "vitest";
import { keyValue, parseZonedValue, referenceValue } from "../../src/conflicts/key-values.ts";

describe("a key's value", () => {
  it.each([
    ["numeric", "1.50", "1.5"],
    ["numeric", "100", "100"],
    ["numeric", "-0.00", "0"],
    ["numeric", "NaN", "NaN"],
    ["float8", "-0", "0"],
    ["float8", "1e+21", "1e+21"],
    ["float8", "NaN", "NaN"],
    ["float8", "-Infinity", "-Infinity"],
    ["float4", "0.1", "0.10000000149011612"],
    ["bpchar", "ab  ", "ab"],
    ["text", "ab  ", "ab  "],
  ])("of type %s is the same for equal values: %s", (type, text, expected) => {
    expect(keyValue(type, text)).toBe(expected);
  });
});

describe("a reference of another type than its key", () => {
  it.each([
    ["numeric", "int4", "7", "7"],
    ["numeric", "numeric", "7.000", "7"],
    ["float8", "float4", "0.1", "0.10000000149011612"],
    ["float8", "numeric", "0.10", "0.1"],
    ["float4", "float8", "0.1", "0.1"],
    ["float4", "int4", "3", "3"],
    ["text", "bpchar", "ab ", "ab"],
    ["bpchar", "varchar", "ab ", "ab"],
    ["date", "timestamp", "2026-01-02 00:00:00", "2026-01-02"],
    ["date", "timestamp", "0044-03-15 00:00:00 BC", "0044-03-15 BC"],
    ["timestamp", "date", "0044-03-15 BC", "0044-03-15 00:00:00 BC"],
    ["timestamp", "date", "infinity", "infinity"],
    ["timestamptz", "date", "2026-01-02", "2026-01-02 00:00:00+00"],
    ["timestamp", "timestamptz", "2026-01-02 03:04:05.6+00", "2026-01-02 03:04:05.6"],
    ["date", "timestamptz", "2026-01-02 00:00:00+00", "2026-01-02"],
  ])("to %s from %s is written as the key would be: %s", (parent, child, text, expected) => {
    expect(referenceValue(parent, child, text)).toBe(expected);
  });

  it("is what PostgreSQL says where the session has a time zone", () => {
    expect(parseZonedValue("timestamp", '"2026-01-02T12:00:00"')).toBe("2026-01-02 12:00:00");
    expect(parseZonedValue("timestamptz", '"2026-01-02T12:00:00"')).toBe("2026-01-02 12:00:00+00");
  });
});
