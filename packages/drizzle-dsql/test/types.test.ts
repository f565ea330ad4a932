import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { withReplicas } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type DsqlDatabase, type DsqlTransaction, drizzle } from "../src/index.ts";
import { schema } from "./support/library-schema.ts";

const pool = new DsqlPool({ host: "abcdefghijklmnopqrstuvwxyz.dsql.eu-west-1.on.aws" });
const db = drizzle(pool, { schema, casing: "snake_case", logger: true });

describe("with drizzle-orm 0.45, the types", () => {
  it("are those of a NodePgDatabase of the schema", () => {
    expectTypeOf(db).toEqualTypeOf<DsqlDatabase<typeof schema>>();
    expectTypeOf(db).toExtend<NodePgDatabase<typeof schema>>();
    expectTypeOf(drizzle(pool)).toExtend<NodePgDatabase>();
    expectTypeOf(drizzle({ client: pool, schema })).toEqualTypeOf(db);
    expectTypeOf(db.$client).toEqualTypeOf<DsqlPool>();
  });

  it("follow the schema into the transaction and out of it", () => {
    const count = () =>
      db.transactionWithRetry(async (tx) => {
        expectTypeOf(tx).toEqualTypeOf<DsqlTransaction<typeof schema>>();
        const member = await tx.query.members.findFirst({ with: { books: { columns: { title: true } } } });
        expectTypeOf(member?.books).toEqualTypeOf<{ title: string }[] | undefined>();
        return member?.books.length ?? 0;
      });
    expectTypeOf(count).returns.resolves.toEqualTypeOf<number>();
  });

  it("survive withReplicas", () => {
    const replicated = withReplicas(db, [db]);
    expectTypeOf(replicated.transactionWithRetry).toEqualTypeOf(db.transactionWithRetry);
  });

  it("know the options of a transaction", () => {
    const accepted = () =>
      db.transaction(async () => 1, { accessMode: "read only", isolationLevel: "repeatable read" });
    // @ts-expect-error DSQL has one isolation level
    const refused = () => db.transaction(async () => 1, { isolationLevel: "serializable" });
    // @ts-expect-error DSQL has no deferrable transactions
    const refusedToo = () => db.transactionWithRetry(async () => 1, { deferrable: true });
    const inOneObject = () =>
      db.transactionWithRetry(async () => 1, { accessMode: "read only", maxAttempts: 3, signal: undefined });
    // @ts-expect-error all options are in one object
    const inTwo = () => db.transactionWithRetry(async () => 1, {}, { maxAttempts: 3 });
    expect([accepted, refused, refusedToo, inOneObject, inTwo]).toHaveLength(5);
  });

  it("do not know options that drizzle-orm 0.45 has not", () => {
    // @ts-expect-error relations are drizzle-orm 1.0
    const refused = () => drizzle(pool, { relations: {} });
    expect(refused).toBeInstanceOf(Function);
  });
});

async function compile(...options: string[]): Promise<string> {
  const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...options], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  }).catch((failed: { stdout: string }) => failed);
  return stdout;
}

describe("with drizzle-orm 1.0, the types", () => {
  it("hold as well", async () => {
    expect(await compile("--project", "drizzle-1")).toBe("");
  }, 180_000);
});

describe("in a program that uses the package, the types", () => {
  it("hold with exactOptionalPropertyTypes, and options may be undefined", async () => {
    expect(await compile("--project", "test/consumer")).toBe("");
  }, 180_000);

  it("are without errors of their own where the types of libraries are checked", async () => {
    const errors = (await compile("--project", "test/consumer", "--skipLibCheck", "false")).split("\n");
    expect(errors.filter((line) => /^(?!.*node_modules\/drizzle-orm\/).*dsql/.test(line))).toEqual([]);
  }, 180_000);
});
