import { randomUUID } from "node:crypto";
import type { AdapterSession, AdapterUnderTest, Row, Work } from "adapter-conformance";
import { eq, sql } from "drizzle-orm";
import type { DsqlPoolOptions } from "dsql-core";
import { type DsqlDatabase, type DsqlTransaction, drizzle } from "../../src/index.ts";
import { accounts, columns } from "./conformance-tables.ts";
import { sqlOf, sqlWithValues } from "./sql-of.ts";

/** What Drizzle cannot do, on any database. */
export const skips: AdapterUnderTest["skips"] = {
  "streams rows in chunks and releases its connection":
    "Drizzle has no streaming for PostgreSQL; a cursor on db.$client streams past it.",
};

/** Opens a database for the conformance suite, through the one import that both versions of drizzle-orm share. */
export function openDrizzle(options: DsqlPoolOptions): AdapterSession {
  const db = drizzle({ connection: options });
  return {
    ...workOn(db),
    pool: db.$client,
    transaction: (work, { readOnly } = {}) =>
      db.transaction((tx) => work({ ...workOn(tx), nest: () => nest(tx) }), accessMode(readOnly)),
    transactionWithRetry: (work, options) =>
      db.transactionWithRetry((tx) => work({ ...workOn(tx), nest: () => nest(tx) }), options),
    roundTrip: async (column, value) => {
      const id = randomUUID();
      await db.insert(columns).values({ id, [column]: value });
      const [row] = await db.select({ value: columns[column] }).from(columns).where(eq(columns.id, id));
      return row?.value;
    },
    prepared: async (name, text, parameters) => {
      const query = sqlOf(text, (index) => sql.placeholder(String(index)));
      const prepared = db.select({ row: sql<Row>`to_jsonb(q)` }).from(sql`(${query}) as q`).prepare(name);
      const rows = await prepared.execute(Object.fromEntries(parameters.entries()));
      return rows.map(({ row }) => row);
    },
    close: () => db.$client.end(),
  };
}

type Door = Pick<DsqlDatabase, "execute" | "insert" | "select" | "update" | "delete">;

function workOn(db: Door): Work {
  return {
    query: async (text, parameters) =>
      (await db.execute<Record<string, unknown>>(sqlWithValues(text, parameters))).rows,
    accounts: {
      insert: async (rows) => {
        await db.insert(accounts).values([...rows]);
      },
      find: async (id) => (await db.select().from(accounts).where(eq(accounts.id, id)))[0],
      setBalance: async (id, balance) =>
        (await db.update(accounts).set({ balance }).where(eq(accounts.id, id))).rowCount ?? 0,
      remove: async (id) => (await db.delete(accounts).where(eq(accounts.id, id))).rowCount ?? 0,
    },
  };
}

function nest(tx: DsqlTransaction): Promise<unknown> {
  return tx.transaction(async () => "nested");
}

function accessMode(readOnly: boolean | undefined): { accessMode: "read only" } | undefined {
  return readOnly ? { accessMode: "read only" } : undefined;
}
