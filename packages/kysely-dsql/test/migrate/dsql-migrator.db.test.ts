import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import type { MigrateEvent } from "dsql-migrate";
import { CamelCasePlugin, Kysely, sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { DsqlDialect } from "../../src/index.ts";
import { DsqlMigrator, type KyselyMigration } from "../../src/migrate/index.ts";

interface Database {
  person: { id: string; first_name: string; balance: number };
}

let local: LocalDsql;
let pool: DsqlPool;
let db: Kysely<Database>;

beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(() => local.stop());
beforeEach(() => {
  pool = new DsqlPool({ ...local.connection, max: 4 });
  db = new Kysely<Database>({ dialect: new DsqlDialect({ pool }) });
});
afterEach(async () => {
  local.faults.clear();
  const { rows } = await pool.query<{ drop: string }>(
    "SELECT format('DROP TABLE %I.%I CASCADE', schemaname, tablename) AS drop FROM pg_tables WHERE schemaname IN ('public', 'dsql_migrate')",
  );
  for (const { drop } of rows) await pool.query(drop);
  await db.destroy();
});

const createPerson: KyselyMigration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable("person")
      .addColumn("id", "uuid", (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
      .addColumn("first_name", "varchar", (column) => column.notNull())
      .addColumn("balance", "integer")
      .execute();
    await database.schema.createIndex("person_first_name").on("person").column("first_name").execute();
  },
  async down(database: Kysely<unknown>) {
    await database.schema.dropTable("person").execute();
  },
};

const addPeople: KyselyMigration = {
  async up(database: Kysely<unknown>) {
    const people = database as Kysely<Database>;
    const { id } = await people
      .insertInto("person")
      .values({ id: sql<string>`gen_random_uuid()`, first_name: "Ada", balance: 1 })
      .returning("id")
      .executeTakeFirstOrThrow();
    await people.transaction().execute(async (trx) => {
      await trx
        .updateTable("person")
        .set((eb) => ({ balance: eb("balance", "+", 1) }))
        .where("id", "=", id)
        .execute();
      const { balance } = await trx.selectFrom("person").select("balance").executeTakeFirstOrThrow();
      await trx
        .updateTable("person")
        .set({ balance: balance * 10 })
        .execute();
    });
    await database.schema.alterTable("person").addColumn("active", "boolean").execute();
  },
  async down(database: Kysely<unknown>) {
    await database.schema.alterTable("person").dropColumn("active").execute();
  },
};

const providerOf = (migrations: Record<string, KyselyMigration>) => ({
  getMigrations: async () => migrations,
});

test("runs Kysely's migrations, waits for their indexes, and records them in Kysely's table", async () => {
  const migrator = new DsqlMigrator({ db, provider: providerOf({ "1": createPerson, "2": addPeople }) });
  expect(await migrator.migrateToLatest()).toEqual({
    results: [
      { migrationName: "1", direction: "Up", status: "Success" },
      { migrationName: "2", direction: "Up", status: "Success" },
    ],
  });
  expect(await db.selectFrom("person").select(["first_name", "balance"]).execute()).toEqual([
    { first_name: "Ada", balance: 20 },
  ]);
  expect((await pool.query("SELECT name FROM kysely_migration ORDER BY name")).rows).toEqual([
    { name: "1" },
    { name: "2" },
  ]);
  expect(
    (await pool.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'person_first_name'::regclass"))
      .rows,
  ).toEqual([{ indisvalid: true }]);
  expect(await migrator.migrateToLatest()).toEqual({ results: [] });
});

test("reverts migrations, and applies them anew", async () => {
  const migrator = new DsqlMigrator({ db, provider: providerOf({ "1": createPerson, "2": addPeople }) });
  await migrator.migrateToLatest();
  expect((await migrator.migrateDown()).results).toEqual([
    { migrationName: "2", direction: "Down", status: "Success" },
  ]);
  expect((await migrator.migrateUp()).results).toEqual([
    { migrationName: "2", direction: "Up", status: "Success" },
  ]);
  expect((await pool.query("SELECT count(*)::int AS people FROM person")).rows).toEqual([{ people: 2 }]);
  expect((await migrator.migrateTo("1")).error).toBeUndefined();
  expect((await pool.query("SELECT name FROM kysely_migration")).rows).toEqual([{ name: "1" }]);
});

test("continues an interrupted up without repeating what has run, and with the rows that it returned", async () => {
  const calls: string[] = [];
  let fail = true;
  const flaky: KyselyMigration = {
    async up(database: Kysely<unknown>) {
      await addPeople.up(database);
      calls.push("ran");
      if (fail) throw new Error("the process ended here");
      await database.schema.alterTable("person").addColumn("note", "text").execute();
    },
  };
  const migrator = new DsqlMigrator({ db, provider: providerOf({ "1": createPerson, "2": flaky }) });
  const first = await migrator.migrateToLatest();
  expect(first.error).toMatchObject({
    code: "DSQL_MIGRATE_FAILED",
    cause: { message: "the process ended here" },
  });
  expect(first.results.map(({ status }) => status)).toEqual(["Success", "Error"]);
  fail = false;
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
  expect(calls).toHaveLength(2);
  expect(await db.selectFrom("person").select("balance").execute()).toEqual([{ balance: 20 }]);
});

test("survives conflicts and lost connections inside an up", async () => {
  for (let round = 0; round < 24; round += 1) {
    let seen = 0;
    const onEvent = (_event: MigrateEvent) => {
      seen += 1;
      if (seen !== (round % 8) + 2) return;
      if (round < 8) local.faults.cutConnection("after-commit");
      else if (round < 16) local.faults.cutConnection("in-statement");
      else local.faults.conflictCommits(1);
    };
    const migrator = new DsqlMigrator({
      db,
      onEvent,
      provider: providerOf({ "1": createPerson, "2": addPeople }),
    });
    expect((await migrator.migrateToLatest()).error, `round ${round}`).toBeUndefined();
    expect(await db.selectFrom("person").select("balance").execute(), `round ${round}`).toEqual([
      { balance: 20 },
    ]);
    await migrator.migrateTo("1");
    await pool.query("DROP TABLE person");
    await pool.query("DELETE FROM kysely_migration");
  }
});

test("says so when an interrupted up sends other statements than before", async () => {
  const versions = [
    async (database: Kysely<unknown>) => {
      await database.schema.createTable("a").addColumn("id", "integer").execute();
      throw new Error("stop");
    },
    async (database: Kysely<unknown>) => {
      await database.schema.createTable("b").addColumn("id", "integer").execute();
    },
  ];
  for (const [index, up] of versions.entries()) {
    const { error } = await new DsqlMigrator({ db, provider: providerOf({ "1": { up } }) }).migrateToLatest();
    expect(error).toMatchObject({ code: index === 0 ? "DSQL_MIGRATE_FAILED" : "DSQL_MIGRATE_CHANGED" });
  }
});

test("refuses DDL that DSQL does not take before it is sent", async () => {
  const up = async (database: Kysely<unknown>) => {
    await database.schema
      .createTable("a")
      .addColumn("id", "integer")
      .addColumn("tags", sql`text[]`)
      .execute();
  };
  const { error } = await new DsqlMigrator({ db, provider: providerOf({ "1": { up } }) }).migrateToLatest();
  expect(error).toMatchObject({ code: "DSQL_MIGRATE_REFUSED" });
});

test("plans what DSQL does not take as Kysely builds it", async () => {
  const up = async (database: Kysely<unknown>) => {
    await database.schema
      .createTable("planned")
      .addColumn("id", "bigserial", (column) => column.primaryKey())
      .addColumn("other", "bigint", (column) => column.generatedAlwaysAsIdentity())
      .execute();
    await database.schema
      .alterTable("planned")
      .addColumn("note", "text", (column) => column.notNull().defaultTo("none"))
      .execute();
    await database.schema.alterTable("planned").addCheckConstraint("short", sql`length(note) < 9`).execute();
    await database.schema.createIndex("planned_note").on("planned").using("btree").column("note").execute();
  };
  const { error } = await new DsqlMigrator({ db, provider: providerOf({ "1": { up } }) }).migrateToLatest();
  expect(error).toBeUndefined();
  const inserted = await pool.query("INSERT INTO planned DEFAULT VALUES RETURNING note");
  expect(inserted.rows).toEqual([{ note: "none" }]);
});

test("runs migrations through the plugins of the instance", async () => {
  const camel = new Kysely<unknown>({ dialect: new DsqlDialect({ pool }), plugins: [new CamelCasePlugin()] });
  const up = async (database: Kysely<unknown>) => {
    await database.schema.createTable("userAccount").addColumn("firstName", "text").execute();
  };
  const { error } = await new DsqlMigrator({
    db: camel,
    provider: providerOf({ "1": { up } }),
  }).migrateToLatest();
  expect(error).toBeUndefined();
  expect((await pool.query("SELECT first_name FROM user_account")).rows).toEqual([]);
});

test("fills a new column of a table that an earlier deployment created, and continues when interrupted halfway", async () => {
  const migratorOf = (migrations: Record<string, KyselyMigration>) =>
    new DsqlMigrator({ db, provider: { getMigrations: async () => migrations } });
  const first = { "1_person": createPerson };
  expect((await migratorOf(first).migrateToLatest()).error).toBeUndefined();
  await db
    .insertInto("person")
    .values({ id: sql`gen_random_uuid()`, first_name: "Ada", balance: 0 })
    .execute();
  let runs = 0;
  const addStars: KyselyMigration = {
    async up(database: Kysely<unknown>) {
      await database.schema
        .alterTable("person")
        .addColumn("stars", "integer", (column) => column.notNull().defaultTo(3))
        .execute();
      // The next run finds the column, its default and its constraint, and plans the same statements nonetheless.
      if (++runs === 1) throw new Error("interrupted");
      await database.schema
        .alterTable("person")
        .alterColumn("stars", (column) => column.dropNotNull())
        .execute();
    },
  };
  expect((await migratorOf({ ...first, "2_stars": addStars }).migrateToLatest()).error).toMatchObject({
    cause: { message: "interrupted" },
  });
  const { error } = await migratorOf({ ...first, "2_stars": addStars }).migrateToLatest();
  expect(error).toBeUndefined();
  expect((await pool.query("SELECT first_name, stars FROM person")).rows).toEqual([
    { first_name: "Ada", stars: 3 },
  ]);
});

test("leaves a migration without down applied, as Kysely's Migrator does", async () => {
  const up = (database: Kysely<unknown>) =>
    database.schema.createTable("kept").addColumn("id", "integer").execute();
  const migrator = new DsqlMigrator({ db, provider: providerOf({ "1": { up } }) });
  await migrator.migrateToLatest();
  expect(await migrator.migrateDown()).toEqual({
    results: [{ migrationName: "1", direction: "Down", status: "NotExecuted" }],
  });
  expect((await pool.query("SELECT name FROM kysely_migration")).rows).toEqual([{ name: "1" }]);
  expect(await migrator.migrateToLatest()).toEqual({ results: [] });
});

test("ignores the rejection of an asynchronous listener", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  try {
    const onEvent = async () => {
      throw new Error("the listener failed");
    };
    const { error } = await new DsqlMigrator({
      db,
      provider: providerOf({ "1": createPerson }),
      onEvent,
    }).migrateToLatest();
    expect(error).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
  expect(rejections).toEqual([]);
});
