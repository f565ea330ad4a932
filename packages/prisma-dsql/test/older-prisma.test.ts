import { DsqlConfigError } from "dsql-core";
import { afterEach, expect, test, vi } from "vitest";
import { dsql, PrismaDsql } from "../src/index.ts";

afterEach(() => {
  vi.doUnmock("@prisma/adapter-pg");
  vi.resetModules();
});

/** A client as `$extends` hands it to an extension; Prisma 6.19 extends it without complaint. */
function clientOf(version: string) {
  return { _clientVersion: version, $extends: (extension: unknown) => extension };
}

test("refuses to extend a client of Prisma 6, and says what to install", () => {
  const extend = () => dsql()(clientOf("6.19.0"));
  expect(extend).toThrow(DsqlConfigError);
  expect(extend).toThrow("npm install @prisma/client@7 @prisma/adapter-pg@7 prisma@7");
});

test("extends a client of Prisma 7", () => {
  expect(() => dsql()(clientOf("7.10.0"))).not.toThrow();
});

test("cannot be created with the adapter-pg of Prisma 6, and says what to install", async () => {
  vi.resetModules();
  vi.doMock("@prisma/adapter-pg", () => import("prisma-adapter-pg-6"));
  const { PrismaDsql: BesideOlder } = await import("../src/index.ts");
  const make = () =>
    new BesideOlder("postgresql://admin@abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws/postgres");
  expect(make).toThrow("npm install @prisma/client@7 @prisma/adapter-pg@7 prisma@7");
  // Also while an application is built, when its environment is not set.
  expect(() => new BesideOlder(undefined)).toThrow("an older @prisma/adapter-pg is installed");
});

test("is created with the adapter-pg of Prisma 7", () => {
  expect(() => new PrismaDsql(undefined)).not.toThrow();
});
