import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** What a program compiled to CommonJS sees; `kysely-0.28` stands in for its `kysely`, of which it has one for `require`. */
const program = `
const Module = require("node:module");
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => resolve(name === "kysely" ? "kysely-0.28" : name, ...rest);
const { DsqlDialect } = require("kysely-dsql");
const { Kysely } = require("kysely");
const dialect = new DsqlDialect("postgresql://admin@abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws/postgres");
const db = new Kysely({ dialect });
console.log(typeof db.transactionWithRetry, typeof db.withSchema("bank").transactionWithRetry);
`;

it("a program that requires Kysely 0.28 has transactionWithRetry on its instances", async () => {
  const run = await promisify(execFile)(process.execPath, ["--eval", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  });
  expect(run.stdout).toBe("function function\n");
});
