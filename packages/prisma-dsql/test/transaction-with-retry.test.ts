import { PrismaPg } from "@prisma/adapter-pg";
import { DsqlConfigError, DsqlPool, NestedTransactionError, OccRetryExhaustedError } from "dsql-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cut, useScriptedServer } from "../../dsql-core/test/scripted-server.ts";
import { readOnlyPool } from "../src/adapter/read-only.ts";
import type { PrismaTransactionOptions } from "../src/extension/transaction-with-retry.ts";
import { dsql, dsqlErrorOf, PrismaDsql, transactionWithRetry } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";

const server = useScriptedServer();
const AT_ONCE = { maxAttempts: 2, backoff: () => 0 };
const conflict = () => Object.assign(new Error("change conflicts (OC000)"), { code: "40001" });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const session of server.sessions) session.cut();
  for (const close of closing.splice(0)) await close();
});

function open(options: ConstructorParameters<typeof DsqlPool>[0] = {}) {
  const pool = new DsqlPool({ ...server.connection, max: 1, retry: AT_ONCE, ...(options as object) });
  const prisma = new PrismaClient({ adapter: new PrismaDsql(pool) });
  closing.push(async () => {
    await prisma.$disconnect();
    await pool.end();
  });
  return { prisma, pool };
}

/** The function, and the method of an extended client. */
const forms: [string, Run][] = [
  ["the function", (prisma, work, options) => transactionWithRetry(prisma, work, options)],
  ["the method", (prisma, work, options) => prisma.$extends(dsql()).transactionWithRetry(work, options)],
  [
    "the function on an extended client",
    (prisma, work, options) => transactionWithRetry(prisma.$extends(dsql()), work, options),
  ],
];

describe.each(forms)("%s", (_, run) => {
  test("runs a transaction, and returns the result of its work", async () => {
    const { prisma } = open();
    const result = await run(prisma, (tx) => tx.$executeRawUnsafe("UPDATE account"));
    expect(result).toBe(1);
    expect(server.received).toEqual(["BEGIN", "UPDATE account", "COMMIT"]);
  });

  test("retries after conflicts with the pool's options, and stops with P2034", async () => {
    const { prisma } = open();
    const work = vi.fn(() => Promise.reject(conflict()));
    const error = await run(prisma, work).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "P2034" });
    expect(dsqlErrorOf(error)).toBeInstanceOf(OccRetryExhaustedError);
    expect(work).toHaveBeenCalledTimes(2);
    await expect(run(prisma, work, { maxAttempts: 1 })).rejects.toMatchObject({ code: "P2034" });
    expect(work).toHaveBeenCalledTimes(3);
  });

  test("begins read only, and lets other transactions in its work write", async () => {
    const { prisma } = open({ max: 2 });
    await run(
      prisma,
      async (tx) => {
        await tx.$queryRawUnsafe("SELECT 1");
        await prisma.$transaction(async (other) => await other.$executeRawUnsafe("UPDATE account"), {
          maxWait: 20_000,
          timeout: 20_000,
        });
      },
      { readOnly: true },
    );
    const [readOnly, other] = server.sessions;
    expect(readOnly?.received).toEqual(["BEGIN READ ONLY", "SELECT 1", "COMMIT"]);
    expect(other?.received).toEqual(["BEGIN", "UPDATE account", "COMMIT"]);
  });

  test("returns the result of its work where verifyCommit finds it stored", async () => {
    const { prisma } = open();
    server.next(/COMMIT/, cut);
    expect(await run(prisma, async () => "stored", { verifyCommit: async () => true })).toBe("stored");
  });

  test("does not run its work when the signal was aborted while a connection was waited for", async () => {
    const { prisma } = open();
    const abort = new AbortController();
    server.nextLogin((session) => {
      abort.abort(new Error("too late"));
      session.letIn();
    });
    const work = vi.fn(async () => "never");
    await expect(run(prisma, work, { signal: abort.signal })).rejects.toThrow("too late");
    expect(work).not.toHaveBeenCalled();
  });

  test("refuses to nest before anything is sent", async () => {
    const { prisma } = open();
    await run(prisma, async (tx) => {
      const nested = transactionWithRetry(tx as never, async () => "never");
      await expect(nested).rejects.toThrow(NestedTransactionError);
    });
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
  });
});

test("the function keeps the options of an extended client", async () => {
  const { prisma } = open();
  const work = vi.fn(() => Promise.reject(conflict()));
  const extended = prisma.$extends(dsql({ retry: { maxAttempts: 1 } }));
  await expect(transactionWithRetry(extended, work)).rejects.toMatchObject({ code: "P2034" });
  expect(work).toHaveBeenCalledTimes(1);
});

test("a pool whose connections begin read only is the same pool in all else", async () => {
  const { pool } = open();
  const readOnly = readOnlyPool(pool);
  expect((await readOnly.query("SELECT 1")).rowCount).toBe(1);
  expect(readOnly.stats).toMatchObject({ total: 1, idle: 1 });
});

test("a read-only transaction needs this package's adapter", async () => {
  const pool = new DsqlPool({ ...server.connection, max: 1 });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  closing.push(async () => {
    await prisma.$disconnect();
    await pool.end();
  });
  const work = vi.fn(async () => "never");
  await expect(transactionWithRetry(prisma, work, { readOnly: true })).rejects.toThrow(DsqlConfigError);
  expect(work).not.toHaveBeenCalled();
});

describe("what Prisma is given", () => {
  /** A client as far as the function reads it, whose `$transaction` does nothing. */
  function clientWith($transaction = vi.fn(async (..._: unknown[]): Promise<unknown> => "done")) {
    return { client: { $connect: () => {}, $transaction }, $transaction };
  }

  test("are the times of the call and the deadline", async () => {
    const { client, $transaction } = clientWith();
    const work = async () => "done";
    await transactionWithRetry(client, work, { maxWait: 1, timeout: 2 });
    expect($transaction).toHaveBeenLastCalledWith(expect.any(Function), { maxWait: 1, timeout: 2 });
    await transactionWithRetry(client, work, { deadlineMs: 300 });
    expect($transaction).toHaveBeenLastCalledWith(expect.any(Function), { maxWait: 300, timeout: 300 });
  });

  test("is an unchanged batch, which is retried too, and cannot be read-only", async () => {
    const batch: never[] = [];
    const { client, $transaction } = clientWith();
    $transaction.mockRejectedValueOnce(conflict());
    expect(await transactionWithRetry(client, batch, { maxWait: 1, timeout: 2, backoff: () => 0 })).toBe(
      "done",
    );
    expect($transaction.mock.calls).toEqual([
      [batch, { maxWait: 1, timeout: 2 }],
      [batch, { maxWait: 1, timeout: 2 }],
    ]);
    $transaction.mockRejectedValue(conflict());
    await expect(transactionWithRetry(client, batch, AT_ONCE)).rejects.toMatchObject({ code: "P2034" });
    const readOnly = transactionWithRetry(client, batch, { readOnly: true } as object);
    await expect(readOnly).rejects.toThrow(DsqlConfigError);
  });

  test("throws reaches the caller unchanged, unless retries have ended", async () => {
    for (const thrown of [undefined, null, "text", new Error("mine"), { code: "MINE" }]) {
      const { client } = clientWith(vi.fn(() => Promise.reject(thrown)));
      const failed = transactionWithRetry(client, async () => "never").then(
        () => "done",
        (error: unknown) => ({ error }),
      );
      expect(await failed).toEqual({ error: thrown });
    }
  });
});

interface Transaction {
  $executeRawUnsafe(sql: string): Promise<number>;
  $queryRawUnsafe(sql: string): Promise<unknown>;
}
type Run = (
  prisma: PrismaClient,
  work: (tx: Transaction) => Promise<unknown>,
  options?: PrismaTransactionOptions,
) => Promise<unknown>;
