import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dsql, PrismaDsql } from "../src/index.ts";
import { PrismaClient } from "./generated/shop/client.ts";

let cluster: LocalDsql;
let pool: DsqlPool;
let prisma: PrismaClient;

beforeAll(async () => {
  cluster = await startLocalDsql();
  pool = new DsqlPool(cluster.connection);
  await pool.query('CREATE TABLE "Customer" (id uuid PRIMARY KEY, name text NOT NULL)');
  await pool.query(
    'CREATE TABLE "Order" (id uuid PRIMARY KEY, total numeric(12,2) NOT NULL, "customerId" uuid NOT NULL)',
  );
  prisma = new PrismaClient({ adapter: new PrismaDsql(pool), transactionOptions: { maxWait: 20_000 } });
});

afterAll(async () => {
  await prisma?.$disconnect();
  await pool?.end();
  await cluster?.stop();
});

describe('relationMode = "prisma"', () => {
  test("cascades a delete without a foreign key, in one transaction", async () => {
    const { id } = await prisma.customer.create({
      data: { name: "Ada", orders: { create: [{ total: "1.10" }, { total: "2.20" }] } },
    });
    expect(
      await prisma.customer.findUnique({ where: { id }, include: { _count: { select: { orders: true } } } }),
    ).toMatchObject({
      _count: { orders: 2 },
    });
    await prisma.customer.delete({ where: { id } });
    expect(await prisma.order.count({ where: { customerId: id } })).toBe(0);
  });

  test("loads relations with lateral joins, which name the outer row in WHERE only", async () => {
    const { id } = await prisma.customer.create({
      data: { name: "Eve", orders: { create: [{ total: 1 }, { total: 2 }, { total: 3 }] } },
    });
    const found = await prisma.customer.findUnique({
      relationLoadStrategy: "join",
      where: { id },
      include: { orders: { orderBy: { total: "desc" }, take: 2, include: { customer: true } }, _count: true },
    });
    expect(found?.orders.map(({ total, customer }) => [total.toNumber(), customer.name])).toEqual([
      [3, "Eve"],
      [2, "Eve"],
    ]);
    expect(found?._count.orders).toBe(3);
  });

  test("runs the whole delete again after a conflict", async () => {
    const retrying = prisma.$extends(dsql({ retry: { baseDelayMs: 1, maxDelayMs: 2 } }));
    const { id } = await prisma.customer.create({ data: { name: "Bob", orders: { create: { total: 3 } } } });
    cluster.faults.conflictCommits(2);
    await retrying.customer.delete({ where: { id } });
    expect(cluster.faults.counts.conflict).toBe(2);
    expect(await prisma.order.count({ where: { customerId: id } })).toBe(0);
  });
});
