import { makeTypedQueryFactory, type TypedSql } from "@prisma/client/runtime/client";
import { expect, expectTypeOf, test } from "vitest";
import { dsql } from "../src/index.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

// What `prisma generate --sql` writes for a file of SQL.
const richerThan = makeTypedQueryFactory(
  'SELECT owner, balance FROM "Account" WHERE owner = $1 AND balance > $2',
) as (owner: string, balance: number) => TypedSql<[string, number], { owner: string; balance: number }>;

test("TypedSQL runs, typed, alone and in a transaction", async () => {
  const prisma = bank.client().$extends(dsql());
  const owner = newOwner();
  await prisma.account.create({ data: { owner, balance: 3 } });
  const rows = await prisma.$queryRawTyped(richerThan(owner, 2));
  expectTypeOf(rows).toEqualTypeOf<{ owner: string; balance: number }[]>();
  expect(rows).toEqual([{ owner, balance: 3 }]);
  expect(await prisma.transactionWithRetry((tx) => tx.$queryRawTyped(richerThan(owner, 3)))).toEqual([]);
});
