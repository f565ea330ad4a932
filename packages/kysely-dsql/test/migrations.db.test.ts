import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { describe, expect, it } from "vitest";
import { acquireLockRow } from "../src/migration-lock.ts";
import { type Database, useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

function migratorOf(db: Kysely<Database>, migrations: Record<string, Migration>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}

const createTable = (name: string): Migration => ({
  up: (db) =>
    db.schema
      .createTable(name)
      .addColumn("id", "integer", (column) => column.primaryKey())
      .execute(),
  down: (db) => db.schema.dropTable(name).execute(),
});
const migrations = { "1_boat": createTable("boat"), "2_harbour": createTable("harbour") };

describe("Kysely's Migrator", () => {
  it("applies migrations once, even when several processes run it at the same time", async () => {
    const results = await Promise.all(
      [1, 2, 3].map(() => migratorOf(open({ max: 2 }).db, migrations).migrateToLatest()),
    );
    expect(results.map((result) => result.error)).toEqual([undefined, undefined, undefined]);
    const applied = results.flatMap((result) => result.results ?? []);
    expect(applied.map((migration) => `${migration.migrationName} ${migration.status}`).sort()).toEqual([
      "1_boat Success",
      "2_harbour Success",
    ]);
  });

  it("takes back the latest migration", async () => {
    const { db } = open();
    const { error, results } = await migratorOf(db, migrations).migrateDown();
    expect(error).toBeUndefined();
    expect(results).toMatchObject([{ migrationName: "2_harbour", direction: "Down", status: "Success" }]);
    const tables = (await db.introspection.getTables()).map((table) => table.name);
    expect(tables).toContain("boat");
    expect(tables).not.toContain("harbour");
  });

  it("frees its lock when a migration fails", async () => {
    const { db } = open();
    const broken = { ...migrations, "3_broken": { up: () => Promise.reject(new Error("no")) } };
    expect((await migratorOf(db, broken).migrateToLatest()).error).toEqual(new Error("no"));
    const locks = await sql<{ is_locked: number }>`select is_locked from kysely_migration_lock`.execute(db);
    expect(locks.rows).toEqual([{ is_locked: 0 }]);
  });

  it("does not free a lock that it never got", async () => {
    const { db } = open();
    const adapter = db.getExecutor().adapter;
    const options = { lockTable: "kysely_migration_lock", lockRowId: "migration_lock" };
    await adapter.acquireMigrationLock(db, options);
    const { db: other } = open();
    await other.getExecutor().adapter.releaseMigrationLock(other, options);
    const locks = await sql<{ is_locked: number }>`select is_locked from kysely_migration_lock`.execute(db);
    expect(locks.rows).toEqual([{ is_locked: 1 }]);
    await adapter.releaseMigrationLock(db, options);
  });

  it("waits for the lock with random delays, so that many processes do not ask in step", async () => {
    const { db } = open();
    const adapter = db.getExecutor().adapter;
    const options = { lockTable: "kysely_migration_lock", lockRowId: "migration_lock" };
    await adapter.acquireMigrationLock(db, options);
    const delays: number[] = [];
    const chances = [0.9, 0.1, 0.5];
    await acquireLockRow(db as never, options, {
      random: () => chances[delays.length] ?? 0,
      sleep: async (delay) => {
        delays.push(delay);
        if (delays.length === 3) await adapter.releaseMigrationLock(db, options);
      },
    });
    expect(delays).toEqual([900, 100, 500]);
    await sql`update kysely_migration_lock set is_locked = 0`.execute(db);
  });

  it("keeps waiting if another process takes the lock at the same moment", async () => {
    const { db } = open({ autocommitRetry: false });
    const options = { lockTable: "kysely_migration_lock", lockRowId: "migration_lock" };
    local().faults.conflictCommits(1);
    let waits = 0;
    await acquireLockRow(db as never, options, { random: () => 0, sleep: async () => waits++ });
    expect(waits).toBe(1);
    await sql`update kysely_migration_lock set is_locked = 0`.execute(db);
  });
});
