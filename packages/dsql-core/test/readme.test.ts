import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import * as exported from "../src/index.ts";
import { POOL_OPTIONS } from "../src/options/option-names.ts";
import { TRANSACTION_OPTIONS } from "../src/options/retry-settings.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

/** The words in the code of the README, among them the parts of `a.b(c)`. */
async function wordsInCode(): Promise<Set<string>> {
  const readme = await read("../README.md");
  const code = [...readme.matchAll(/```.*?```|`[^`\n]+`/gs)].map(([part]) => part).join(" ");
  return new Set(code.match(/[A-Za-z_]\w*/g));
}

test("the README mentions every option, function, class and error code", async () => {
  const words = await wordsInCode();
  const codes = (await read("../src/errors.ts")).match(/DSQL_[A-Z_]+/g) ?? [];
  const names = [
    ...Object.keys(POOL_OPTIONS),
    ...Object.keys(TRANSACTION_OPTIONS),
    ...Object.keys(exported),
    ...codes,
  ];
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

test("the README mentions what a pool and a client have beyond pg's", async () => {
  const words = await wordsInCode();
  const inherited = new Set(["constructor", "connect", "end", "query", "toJSON"]);
  const counts = new Set(["totalCount", "idleCount", "waitingCount", "expiredCount"]);
  const members = [exported.DsqlPool, exported.DsqlClient].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype),
  );
  const own = members.filter((name) => !inherited.has(name) && !counts.has(name));
  expect(own.filter((name) => !words.has(name))).toEqual([]);
});
