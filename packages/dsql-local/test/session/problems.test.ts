import { describe, expect, it } from "vitest";
import {
  DATA_CONFLICT,
  ddlProblemOf,
  isTransient,
  problemOf,
  SCHEMA_CONFLICT,
} from "../../src/session/exchange/problems.ts";

const error = (sqlstate: string, message = "", schema?: string) => ({
  severity: "ERROR",
  sqlstate,
  message,
  schema,
});

describe("an error of PostgreSQL", () => {
  it.each([
    ["a deadlock", error("40P01", "deadlock detected"), true],
    ["a lock that is not to be had", error("55P03"), true],
    [
      "PostgreSQL's race between a subtransaction that ends and two locks",
      error("XX000", "new multixact has more than one updating member: 2 [11 (keysh), 12 (nokeyupd)]"),
      true,
    ],
    ["any other internal error", error("XX000", "cache lookup failed"), false],
    ["a newer version of the row", error("40001"), false],
    ["a duplicate key", error("23505"), false],
  ])("is to be met by running the statement again, or not: %s", (_what, given, expected) => {
    expect(isTransient(given)).toBe(expected);
  });

  it("to DDL is about other DDL, and passes through where it is about nothing else", () => {
    expect(ddlProblemOf(error("40001"))).toBe(SCHEMA_CONFLICT);
    expect(ddlProblemOf(error("XX000", "tuple concurrently updated"))).toBe(SCHEMA_CONFLICT);
    expect(ddlProblemOf(error("23505", "duplicate", "pg_catalog"))).toBe(SCHEMA_CONFLICT);
    const duplicate = error("23505", "duplicate", "public");
    expect(ddlProblemOf(duplicate)).toBe(duplicate);
    expect(problemOf(error("40P01"))).toBe(DATA_CONFLICT);
  });
});
