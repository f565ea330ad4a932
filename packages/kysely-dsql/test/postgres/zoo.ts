import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { type ColumnType, type Generated, Kysely, PostgresDialect, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { DsqlDialect } from "../../src/index.ts";

export interface Zoo {
  person: {
    id: number;
    first_name: string;
    last_name: string | null;
    gender: "male" | "female" | "other";
    children: Generated<number>;
    joined_at: Generated<ColumnType<Date, Date | string | undefined, Date | string>>;
  };
  pet: { id: number; name: string; owner_id: number; species: "cat" | "dog"; toys: Generated<unknown> };
}

export type ZooDb = Kysely<Zoo>;

const people = [
  { id: 1, first_name: "Jennifer", last_name: "Aniston", gender: "female", children: 0 },
  { id: 2, first_name: "Arnold", last_name: "Schwarzenegger", gender: "male", children: 5 },
  { id: 3, first_name: "Sylvester", last_name: "Stallone", gender: "male", children: 5 },
  { id: 4, first_name: "Cher", last_name: null, gender: "female", children: 2 },
] as const;
const pets = [
  { id: 1, name: "Catto", owner_id: 1, species: "cat" },
  { id: 2, name: "Doggo", owner_id: 2, species: "dog" },
  { id: 3, name: "Rex", owner_id: 2, species: "dog" },
] as const;

/**
 * The same small database through our dialect and through Kysely's own PostgreSQL dialect, filled anew for each test:
 * what both answer must be the same.
 */
export function useZoo(): {
  db(): ZooDb;
  /** Runs a piece of work through both dialects, each on fresh rows, compares, and returns what ours gave. */
  same<T>(work: (db: ZooDb) => Promise<T>): Promise<T>;
} {
  let local: LocalDsql;
  let ours: ZooDb;
  let stock: ZooDb;
  beforeAll(async () => {
    local = await startLocalDsql();
    ours = new Kysely<Zoo>({ dialect: new DsqlDialect({ pool: new DsqlPool(local.connection) }) });
    stock = new Kysely<Zoo>({
      dialect: new PostgresDialect({ pool: new DsqlPool(local.connection) as never }),
    });
    await createTables(ours);
  });
  beforeEach(() => fill(ours));
  afterAll(async () => {
    await ours?.destroy();
    await stock?.destroy();
    await local?.stop();
  });
  return {
    db: () => ours,
    same: async (work) => {
      const expected = await work(stock);
      await fill(ours);
      const actual = await work(ours);
      expect(actual).toEqual(expected);
      return actual;
    },
  };
}

async function createTables(db: ZooDb): Promise<void> {
  await db.schema
    .createTable("person")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("first_name", "varchar(255)", (column) => column.notNull().unique())
    .addColumn("last_name", "varchar(255)")
    .addColumn("gender", "varchar(20)", (column) => column.notNull())
    .addColumn("children", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("joined_at", "timestamptz", (column) => column.notNull().defaultTo("2020-01-01T00:00:00Z"))
    .execute();
  await db.schema
    .createTable("pet")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("name", "varchar(255)", (column) => column.notNull())
    .addColumn("owner_id", "integer", (column) => column.notNull())
    .addColumn("species", "varchar(20)", (column) => column.notNull())
    .addColumn("toys", "jsonb", (column) => column.notNull().defaultTo(sql`'["ball"]'::jsonb`))
    .execute();
}

async function fill(db: ZooDb): Promise<void> {
  await db.deleteFrom("pet").execute();
  await db.deleteFrom("person").execute();
  await db
    .insertInto("person")
    .values([...people])
    .execute();
  await db
    .insertInto("pet")
    .values([...pets])
    .execute();
}
