import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DsqlConfigError } from "../src/errors.ts";
import { applicationName } from "../src/options/application-name.ts";
import { VERSION } from "../src/version.ts";

describe("applicationName", () => {
  test("names this package and its version", async () => {
    const file = await readFile(new URL("../package.json", import.meta.url), "utf8");
    expect(VERSION).toBe(JSON.parse(file).version);
    expect(applicationName({})).toBe(`aurora-dsql-ts/${VERSION}`);
  });

  test("puts the ORM's name before it", () => {
    expect(applicationName({ ormPrefix: " kysely " })).toBe(`kysely:aurora-dsql-ts/${VERSION}`);
  });

  test("uses the user's own name unchanged", () => {
    expect(applicationName({ applicationName: "billing", ormPrefix: "kysely" })).toBe("billing");
  });

  test("is cut to the 63 bytes that PostgreSQL keeps", () => {
    const room = 63 - `:aurora-dsql-ts/${VERSION}`.length;
    expect(applicationName({ ormPrefix: "x".repeat(room) })).toHaveLength(63);
    expect(() => applicationName({ ormPrefix: "x".repeat(room + 1) })).toThrow(`at most ${room} characters`);
    expect(() => applicationName({ applicationName: "x".repeat(64) })).toThrow("at most 63 bytes");
  });

  test.each(["", "  ", "a:b", "a/b", "café", "a\nb", "a\u0000"])("refuses the prefix %j", (ormPrefix) => {
    expect(() => applicationName({ ormPrefix })).toThrow(DsqlConfigError);
  });
});
