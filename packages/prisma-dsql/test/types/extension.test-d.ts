import { describe, expectTypeOf, test } from "vitest";
import { dsql, PrismaDsql, type TransactionClientOf, transactionWithRetry } from "../../src/index.ts";
import { type Prisma, PrismaClient } from "../generated/bank/client.ts";

declare const adapter: PrismaDsql;

const prisma = new PrismaClient({ adapter, omit: { account: { secret: true } } });
const extended = prisma
  .$extends({
    result: { account: { label: { needs: { owner: true }, compute: ({ owner }) => `account of ${owner}` } } },
  })
  .$extends(dsql())
  .$extends({ client: { $hello: () => "hello" as const } });

describe("transactionWithRetry", () => {
  test("returns what the callback returns", async () => {
    const found = await extended.transactionWithRetry(async () => ({ id: "a", count: 1 }), {
      maxAttempts: 3,
      timeout: 1000,
    });
    expectTypeOf(found).toEqualTypeOf<{ id: string; count: number }>();
  });

  test("keeps models, omitted fields, result and client extensions in the callback", async () => {
    await extended.transactionWithRetry(async (tx) => {
      const account = await tx.account.findFirstOrThrow();
      expectTypeOf(account.label).toEqualTypeOf<string>();
      expectTypeOf(account.balance).toEqualTypeOf<number>();
      expectTypeOf(tx.$hello()).toEqualTypeOf<"hello">();
      // @ts-expect-error: the client omits it
      account.secret;
      // @ts-expect-error: there is no such model
      tx.nothing;
    });
  });

  test("offers neither nesting nor disconnecting in the callback", async () => {
    await extended.transactionWithRetry(async (tx) => {
      // @ts-expect-error: DSQL has no savepoints
      tx.transactionWithRetry;
      // @ts-expect-error: DSQL has no savepoints
      tx.$transaction(async () => 1);
      // @ts-expect-error: a transaction ends by itself
      tx.$disconnect;
    });
  });

  test("names the type of its client, for functions that take one", async () => {
    const accounts = (tx: TransactionClientOf<typeof extended>) => tx.account.count();
    expectTypeOf(await extended.transactionWithRetry(accounts)).toEqualTypeOf<number>();
    expectTypeOf(await extended.transactionWithRetry((tx) => accounts(tx))).toEqualTypeOf<number>();
  });

  test("types each result of a batch", async () => {
    const results = await extended.transactionWithRetry([
      extended.account.count(),
      extended.account.findMany({ select: { id: true } }),
    ]);
    expectTypeOf(results).toEqualTypeOf<[number, { id: string }[]]>();
  });

  test("has no isolation levels to choose from, and batches that are read only neither", async () => {
    // @ts-expect-error: REPEATABLE READ is what there is
    await extended.transactionWithRetry(async () => 1, { isolationLevel: "Serializable" });
    // @ts-expect-error: a batch of one operation has no BEGIN
    await extended.transactionWithRetry([extended.account.count()], { readOnly: true });
    expectTypeOf(
      await extended.transactionWithRetry(async () => 1, { readOnly: true }),
    ).toEqualTypeOf<number>();
  });
});

describe("transactionWithRetry as a function", () => {
  const plain = new PrismaClient({ adapter });

  test("takes a PrismaClient, and calls its work with a Prisma.TransactionClient", async () => {
    const count = (tx: Prisma.TransactionClient) => tx.account.count();
    expectTypeOf(await transactionWithRetry(plain, count)).toEqualTypeOf<number>();
    expectTypeOf(await transactionWithRetry(plain, (tx) => count(tx))).toEqualTypeOf<number>();
    expectTypeOf(
      await transactionWithRetry(plain, async (tx) => (await tx.account.findFirstOrThrow()).balance),
    ).toEqualTypeOf<number>();
  });

  test("keeps what extensions have added", async () => {
    await transactionWithRetry(extended, async (tx) => {
      expectTypeOf((await tx.account.findFirstOrThrow()).label).toEqualTypeOf<string>();
      expectTypeOf(tx.$hello()).toEqualTypeOf<"hello">();
    });
  });

  test("types each result of a batch", async () => {
    expectTypeOf(
      await transactionWithRetry(plain, [
        plain.account.count(),
        plain.account.findMany({ select: { id: true } }),
      ]),
    ).toEqualTypeOf<[number, { id: string }[]]>();
  });

  test("takes no client of a transaction", async () => {
    await transactionWithRetry(plain, async (tx) => {
      // @ts-expect-error: DSQL has no savepoints
      await transactionWithRetry(tx, async () => 1);
      // @ts-expect-error: DSQL has no savepoints
      tx.$transaction(async () => 1);
    });
  });
});

test("the adapter takes a variable that may not be set", () => {
  new PrismaDsql(process.env.DATABASE_URL);
  new PrismaDsql({ connectionString: "postgresql://localhost" }, { schema: undefined });
});
