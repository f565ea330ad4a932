import { describe, expect, test } from "vitest";
import { PrismaDsql } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

describe("a client on PrismaDsql", () => {
  test("takes options, a connection string, or a pool", async () => {
    const { connection, connectionString } = bank.cluster;
    const credentials = connection.credentials;
    for (const source of [connection, { connectionString, credentials }, bank.pool()]) {
      const prisma = new PrismaClient({ adapter: new PrismaDsql(source) });
      expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
      await prisma.$disconnect();
    }
  });

  test("calls itself prisma to the server", async () => {
    const [row] = await bank.client().$queryRaw<
      { name: string }[]
    >`SELECT current_setting('application_name') AS name`;
    expect(row?.name).toMatch(/^prisma:/);
  });

  test("keeps an ormPrefix that was given", async () => {
    const [row] = await bank.client({ ormPrefix: "shop" }).$queryRaw<
      { name: string }[]
    >`SELECT current_setting('application_name') AS name`;
    expect(row?.name).toMatch(/^shop:/);
  });

  test("leaves a given pool open after $disconnect, and ends it when asked to", async () => {
    const pool = bank.pool();
    const first = new PrismaClient({ adapter: new PrismaDsql(pool) });
    await first.account.count();
    await first.$disconnect();
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);

    const asked = new (pool.constructor as typeof import("dsql-core").DsqlPool)(bank.cluster.connection);
    const second = new PrismaClient({ adapter: new PrismaDsql(asked, { disposeExternalPool: true }) });
    await second.account.count();
    await second.$disconnect();
    expect(asked.ended).toBe(true);
  });

  test("connects again after $disconnect, with a new pool", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 3 } });
    await prisma.$disconnect();
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("creates, reads, updates, upserts and deletes", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    const created = await prisma.account.create({ data: { owner, balance: 1 } });
    expect(created).toMatchObject({ owner, balance: 1, secret: "hidden" });
    expect(
      await prisma.account.update({ where: { owner }, data: { balance: { increment: 4 } } }),
    ).toMatchObject({ balance: 5 });
    const upsert = { where: { owner }, create: { owner, balance: 0 }, update: { balance: { multiply: 2 } } };
    expect(await prisma.account.upsert(upsert)).toMatchObject({ balance: 10 });
    expect(await prisma.account.updateMany({ where: { owner }, data: { balance: 3 } })).toEqual({ count: 1 });
    expect(await prisma.account.aggregate({ where: { owner }, _sum: { balance: true } })).toEqual({
      _sum: { balance: 3 },
    });
    await prisma.account.delete({ where: { owner } });
    expect(await prisma.account.findUnique({ where: { owner } })).toBeNull();
    expect(await prisma.account.upsert(upsert)).toMatchObject({ balance: 0 });
  });

  test("creates many rows, and returns them", async () => {
    const prisma = bank.client();
    const owners = Array.from({ length: 200 }, newOwner);
    const data = owners.map((owner, balance) => ({ owner, balance }));
    expect(await prisma.account.createMany({ data: data.slice(0, 100) })).toEqual({ count: 100 });
    expect(await prisma.account.createManyAndReturn({ data: data.slice(100) })).toHaveLength(100);
    expect(await prisma.account.createMany({ data: data.slice(0, 2), skipDuplicates: true })).toEqual({
      count: 0,
    });
    expect(await prisma.account.count({ where: { owner: { in: owners } } })).toBe(200);
  });

  test("writes and reads relations, many to many too, in one operation", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    const created = await prisma.account.create({
      data: {
        owner,
        balance: 0,
        entries: { create: [{ amount: 1 }, { amount: 2 }] },
        tags: { connectOrCreate: { where: { name: owner }, create: { name: owner } } },
      },
      include: { entries: { orderBy: { amount: "asc" } }, tags: true },
    });
    expect(created.entries.map(({ amount }) => amount)).toEqual([1, 2]);
    expect(created.tags).toEqual([{ name: owner }]);
    const updated = await prisma.account.update({
      where: { owner },
      data: { entries: { deleteMany: { amount: 1 }, create: { amount: 3 } }, tags: { set: [] } },
      include: { entries: { orderBy: { amount: "asc" } }, tags: true },
    });
    expect(updated.entries.map(({ amount }) => amount)).toEqual([2, 3]);
    expect(updated.tags).toEqual([]);
  });

  test("lets real foreign keys refuse and cascade", async () => {
    const prisma = bank.client();
    const accountId = "00000000-0000-4000-8000-000000000000";
    await expect(prisma.entry.create({ data: { amount: 1, accountId } })).rejects.toMatchObject({
      code: "P2003",
    });
    const owner = newOwner();
    const { id } = await prisma.account.create({
      data: { owner, balance: 0, entries: { create: { amount: 1 } } },
    });
    await prisma.account.delete({ where: { id } });
    expect(await prisma.entry.count({ where: { accountId: id } })).toBe(0);
  });

  test("runs raw statements with parameters", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    expect(await prisma.$executeRaw`INSERT INTO "Account" (owner, balance) VALUES (${owner}, ${7})`).toBe(1);
    expect(await prisma.$queryRaw`SELECT balance FROM "Account" WHERE owner = ${owner}`).toEqual([
      { balance: 7 },
    ]);
    expect(await prisma.$queryRawUnsafe('SELECT balance FROM "Account" WHERE owner = $1', owner)).toEqual([
      { balance: 7 },
    ]);
  });

  test("reports a broken constraint as Prisma does", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 0 } });
    await expect(prisma.account.create({ data: { owner, balance: 0 } })).rejects.toMatchObject({
      name: "PrismaClientKnownRequestError",
      code: "P2002",
    });
  });
});
