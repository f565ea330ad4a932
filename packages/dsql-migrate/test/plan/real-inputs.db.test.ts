import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type MigrationFile, planMigration, planMigrations } from "../../src/index.ts";
import { emptyDatabase, runPlan } from "./run-plan.ts";
import { rowsOf, seed } from "./seed.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

let local: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  local = await startLocalDsql();
  pool = new DsqlPool({ ...local.connection, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await local?.stop();
});
beforeEach(() => emptyDatabase(pool));

function filesOf(folder: string): MigrationFile[] {
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(folder, name), "utf8") }));
}

for (const tool of ["drizzle", "prisma", "kysely"]) {
  describe(`what ${tool} generates`, () => {
    for (const name of readdirSync(join(fixtures, tool))) {
      test(`is planned and applied, with rows in the tables before each change: ${name}`, {
        timeout: 300_000,
      }, async () => {
        for (const enums of ["check", "domain"] as const) {
          await emptyDatabase(pool);
          const plans = await planMigrations(filesOf(join(fixtures, tool, name)), {
            recreate: true,
            backfillBatchRows: 2,
            enums,
          });
          // A domain is fixed: what changes an enum's values is refused then, and nothing of it runs.
          if (enums === "domain" && plans.some(({ plan }) => !plan.ok)) continue;
          for (const { plan } of plans) {
            const before = await rowsOf(pool);
            await runPlan(pool, plan);
            const after = await rowsOf(pool);
            for (const [table, rows] of Object.entries(before))
              if (table in after) expect(after[table], table).toBe(rows);
            await seed(pool);
          }
          expect(Object.values(await rowsOf(pool)).every((rows) => rows > 0)).toBe(true);
        }
      });
    }
  });
}

test("plans and applies the dump of a music shop, with its rows", { timeout: 300_000 }, async () => {
  const sql = readFileSync(join(fixtures, "pg_dump/music.sql"), "utf8");
  const { problems } = await planMigration(sql);
  expect(problems.filter(({ rule }) => rule === "owner")).toHaveLength(10);
  await runPlan(pool, await planMigration(sql, { noOwner: true }));
  expect(await foreignKeys()).toBe(10);
  const { rows } = await pool.query("SELECT title FROM album ORDER BY album_id");
  expect(rows).toEqual([
    { title: "Rain on the Harbour" },
    { title: "Größer als gestern" },
    { title: "Tabs\tand 'quotes'" },
  ]);
  const { rows: added } = await pool.query("INSERT INTO artist (name) VALUES ('x') RETURNING artist_id");
  expect(Number(added[0].artist_id)).toBeGreaterThan(3);
  expect((await pool.query("SELECT company FROM customer WHERE customer_id = 2")).rows).toEqual([
    { company: "Novák\\Syn" },
  ]);
});

test("plans and applies the dump of a film rental, with its rows", { timeout: 300_000 }, async () => {
  const [dump] = await planMigrations([
    { name: "rental", sql: readFileSync(join(fixtures, "pg_dump/rental.sql"), "utf8") },
  ]);
  await runPlan(pool, dump?.plan ?? { steps: [], problems: [], ok: false });
  expect(await foreignKeys()).toBe(3);
  expect((await pool.query("SELECT title, actors FROM film_titles ORDER BY film_id")).rows).toEqual([
    { title: "PAPER MOUNTAIN", actors: "2" },
    { title: "SALT ROAD", actors: "0" },
  ]);
  expect((await pool.query("INSERT INTO film (title) VALUES ('x') RETURNING film_id, rating")).rows).toEqual([
    { film_id: 1001, rating: "G" },
  ]);
  await expect(pool.query("INSERT INTO film (title, rating) VALUES ('x', 'X')")).rejects.toMatchObject({
    code: "23514",
  });
  expect((await pool.query("SELECT days_late(due, returned) AS days FROM rental")).rows).toEqual([
    { days: 3 },
  ]);
});

async function foreignKeys(): Promise<number> {
  const { rows } = await pool.query(
    "SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'f' AND convalidated",
  );
  return rows[0].n;
}
