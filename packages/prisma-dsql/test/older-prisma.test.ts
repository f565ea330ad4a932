import { DsqlConfigError } from "dsql-core";
import { expect, test } from "vitest";
import { dsql } from "../src/index.ts";

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
