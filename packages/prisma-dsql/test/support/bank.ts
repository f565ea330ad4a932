import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll } from "vitest";
import { PrismaDsql } from "../../src/index.ts";
import { PrismaClient } from "../generated/bank/client.ts";

const statements = [
  "CREATE TABLE \"Account\" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL UNIQUE, balance integer NOT NULL, secret text NOT NULL DEFAULT 'hidden')",
  'CREATE TABLE "Entry" (id uuid PRIMARY KEY, amount integer NOT NULL, "accountId" uuid NOT NULL REFERENCES "Account"(id) ON DELETE CASCADE ON UPDATE CASCADE)',
  'CREATE TABLE "Tag" (name text PRIMARY KEY)',
  'CREATE TABLE "_AccountToTag" ("A" uuid NOT NULL REFERENCES "Account"(id) ON DELETE CASCADE, "B" text NOT NULL REFERENCES "Tag"(name) ON DELETE CASCADE, PRIMARY KEY ("A", "B"))',
];

/** A cluster with the tables of bank.prisma, and clients that are disconnected after each test. */
export interface Bank {
  readonly cluster: LocalDsql;
  /** A pool of dsql-core that ends with the test. */
  pool(options?: DsqlPoolOptions): DsqlPool;
  /** A client with an adapter of its own. */
  client(options?: DsqlPoolOptions): PrismaClient;
}

/** Starts the cluster once for the test file. */
export function useBank(): Bank {
  let cluster: LocalDsql | undefined;
  const closing: (() => Promise<unknown>)[] = [];
  const started = (): LocalDsql => {
    if (cluster === undefined) throw new Error("the cluster starts before the first test");
    return cluster;
  };
  beforeAll(async () => {
    cluster = await startLocalDsql();
    const pool = new DsqlPool(cluster.connection);
    for (const statement of statements) await pool.query(statement);
    await pool.end();
  });
  afterEach(async () => {
    started().faults.clear();
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await cluster?.stop();
  });
  return {
    get cluster() {
      return started();
    },
    pool(options) {
      const pool = new DsqlPool({ ...started().connection, ...options });
      closing.push(() => pool.end());
      return pool;
    },
    client(options) {
      const client = new PrismaClient({
        adapter: new PrismaDsql({ ...started().connection, ...options }),
        transactionOptions: { maxWait: 20_000, timeout: 30_000 },
      });
      closing.push(() => client.$disconnect());
      return client;
    },
  };
}

let owners = 0;

/** An owner's name that no other test uses. */
export function newOwner(): string {
  owners += 1;
  return `owner ${process.pid}-${owners}`;
}
