import { DsqlConfigError } from "dsql-core";
import { DummyDriver, Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { DsqlAdapter, DsqlIntrospector, DsqlQueryCompiler } from "../src/index.ts";

const db = new Kysely<{ account: { id: string; owner: string; balance: number } }>({
  dialect: {
    createAdapter: () => new DsqlAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (instance) => new DsqlIntrospector(instance),
    createQueryCompiler: () => new DsqlQueryCompiler(),
  },
});
const index = () => db.schema.createIndex("by_owner").on("account");

describe("createIndex", () => {
  it("builds every index asynchronously", () => {
    expect(index().column("owner").compile().sql).toBe(
      'create index async "by_owner" on "account" ("owner")',
    );
  });

  it("keeps unique, if not exists, several columns, nulls not distinct and where", () => {
    const { sql: text, parameters } = index()
      .unique()
      .ifNotExists()
      .columns(["owner", "balance"])
      .nullsNotDistinct()
      .where("balance", ">", 0)
      .compile();
    expect(text).toBe(
      'create unique index async if not exists "by_owner" on "account" ("owner", "balance") nulls not distinct where "balance" > 0',
    );
    expect(parameters).toEqual([]);
  });

  it("accepts an expression", () => {
    expect(index().expression(sql`(lower(owner))`).compile().sql).toBe(
      'create index async "by_owner" on "account" ((lower(owner)))',
    );
  });

  it("carries the schema of withSchema", () => {
    const text = db.withSchema("bank").schema.createIndex("by_owner").on("account").column("owner").compile();
    expect(text.sql).toBe('create index async "by_owner" on "bank"."account" ("owner")');
  });

  it("refuses using, and says what to do", () => {
    expect(() => index().using("btree").column("owner").compile()).toThrow(DsqlConfigError);
    expect(() => index().using("btree").column("owner").compile()).toThrow(
      'index "by_owner": Aurora DSQL has only one index type. Omit using(…).',
    );
  });

  it("refuses a sort order, and says what to do", () => {
    for (const column of ["owner asc", "owner desc"] as const) {
      expect(() => index().column(column).compile()).toThrow(/Omit asc and desc/);
    }
  });

  it("leaves order by and drop index as they are", () => {
    expect(db.selectFrom("account").selectAll().orderBy("owner", "desc").compile().sql).toBe(
      'select * from "account" order by "owner" desc',
    );
    expect(db.schema.dropIndex("by_owner").ifExists().compile().sql).toBe('drop index if exists "by_owner"');
  });
});
