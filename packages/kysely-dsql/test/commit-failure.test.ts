import * as kysely from "kysely";
import { expect, test } from "vitest";
import { markRolledBack } from "../src/commit-failure.ts";

const hasMark = "AbortedTransactionError" in kysely;
const mark = Symbol.for("kysely.AbortedTransactionError");

test("an error is marked as Kysely 0.29 marks its own", () => {
  const error = new Error("conflict");
  expect(markRolledBack(error)).toBe(hasMark);
  expect(Object.getOwnPropertyDescriptor(error, mark)).toEqual(
    hasMark ? { value: true, configurable: true, enumerable: false, writable: false } : undefined,
  );
});

test("a value that cannot be marked is not changed", () => {
  for (const thrown of [undefined, null, "text", Object.freeze(new Error("frozen"))])
    expect(markRolledBack(thrown)).toBe(false);
});
