import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

const CONFLICT = { code: "40001", message: "change conflicts with another transaction (OC000)" };

let dsql: LocalDsql;
let a: Client;
let b: Client;

beforeAll(async () => {
  dsql = await startLocalDsql();
  [a, b] = [await connect(dsql), await connect(dsql)];
  await a.query("CREATE TABLE account (id int PRIMARY KEY, n int NOT NULL, at timestamptz, label text)");
  await a.query("CREATE TABLE loose (k int, v text)");
  await a.query("CREATE TABLE parent (id int PRIMARY KEY, name text)");
  await a.query("CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent)");
});

afterAll(async () => {
  await a?.end();
  await b?.end();
  await dsql?.stop();
});

beforeEach(async () => {
  for (const table of ["account", "loose", "child", "parent"]) await a.query(`DELETE FROM ${table}`);
  await a.query("INSERT INTO account VALUES (1, 10, '2026-01-01 00:00Z', 'x'), (2, 20, NULL, NULL)");
  await a.query("INSERT INTO loose VALUES (1, 'one'), (1, 'one'), (2, NULL)");
  await a.query("INSERT INTO parent VALUES (1, 'p')");
  // Both have met what the other has done to the schema.
  await b.query("SELECT FROM account").catch(() => undefined);
});

const rowsOf = async (client: Client, sql: string): Promise<unknown[]> => (await client.query(sql)).rows;
const balance = async (client: Client): Promise<unknown> =>
  (await rowsOf(client, "SELECT n FROM account WHERE id = 1"))[0];

describe("two transactions that write one row", () => {
  it("both go on without waiting, and the first to commit wins", async () => {
    await a.query("BEGIN");
    await b.query("BEGIN");
    expect(await rowsOf(a, "UPDATE account SET n = n + 1 WHERE id = 1 RETURNING n")).toEqual([{ n: 11 }]);
    expect(await rowsOf(b, "UPDATE account SET n = n + 5 WHERE id = 1 RETURNING n")).toEqual([{ n: 15 }]);
    await b.query("COMMIT");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect(await balance(a)).toEqual({ n: 15 });
  });

  it("read their own writes to the end, the loser too", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE account SET n = 100 WHERE id = 1");
    await b.query("UPDATE account SET n = 200 WHERE id = 1");
    expect(await balance(a)).toEqual({ n: 100 });
    expect(
      await rowsOf(a, 'UPDATE "public"."account" SET n = n + 1 RETURNING "public"."account"."n"'),
    ).toEqual([{ n: 21 }, { n: 101 }]);
    await a.query("INSERT INTO account (id, n) VALUES (3, 3)");
    await a.query("DELETE FROM account WHERE id = 2");
    expect(await rowsOf(a, "SELECT id, n FROM account ORDER BY id")).toEqual([
      { id: 1, n: 101 },
      { id: 3, n: 3 },
    ]);
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect(await rowsOf(a, "SELECT id, n FROM account ORDER BY id")).toEqual([
      { id: 1, n: 200 },
      { id: 2, n: 20 },
    ]);
  });

  it("is hurt by nobody who rolls back", async () => {
    await a.query("BEGIN");
    await b.query("BEGIN");
    await a.query("UPDATE account SET n = 11 WHERE id = 1");
    await b.query("UPDATE account SET n = 12 WHERE id = 1");
    await b.query("ROLLBACK");
    await a.query("COMMIT");
    expect(await balance(b)).toEqual({ n: 11 });
  });

  it("keeps every kind of value when another session takes its locks away", async () => {
    await a.query("SET TIME ZONE 'Asia/Tokyo'");
    await a.query("BEGIN");
    await a.query(
      `UPDATE account SET label = E'a"b\\\\c, (d)\\n', at = '2026-06-01 12:00:00.123456+09' WHERE id = 1`,
    );
    await a.query("UPDATE account SET label = '' WHERE id = 2");
    await b.query("BEGIN");
    await b.query("UPDATE account SET n = 0");
    await b.query("ROLLBACK");
    await a.query("COMMIT");
    await a.query("RESET TIME ZONE");
    expect(await rowsOf(b, "SELECT id, at::text, label FROM account ORDER BY id")).toEqual([
      { id: 1, at: "2026-06-01 03:00:00.123456+00", label: 'a"b\\c, (d)\n' },
      { id: 2, at: null, label: "" },
    ]);
  });

  it("fails an autocommit statement by itself only where it really lost", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE account SET n = 1 WHERE id = 1");
    await b.query("UPDATE account SET n = 2 WHERE id = 1");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect(await balance(a)).toEqual({ n: 2 });
  });
});

describe("tables without a primary key", () => {
  it("conflict row by row, equal rows apart", async () => {
    await a.query("BEGIN");
    await b.query("BEGIN");
    await a.query("UPDATE loose SET v = 'a' WHERE k = 1");
    await b.query("UPDATE loose SET v = 'b' WHERE k = 2");
    await b.query("COMMIT");
    await a.query("COMMIT");
    await a.query("BEGIN");
    await b.query("BEGIN");
    await a.query("DELETE FROM loose WHERE k = 1");
    await b.query("UPDATE loose SET v = 'c' WHERE k = 1");
    await a.query("COMMIT");
    await expect(b.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect(await rowsOf(a, "SELECT * FROM loose")).toEqual([{ k: 2, v: "b" }]);
  });
});

describe("rows that are read for a lock", () => {
  it("FOR UPDATE makes a reader lose to a writer, and does not change the result", async () => {
    await a.query("BEGIN");
    const read = await a.query({
      name: "lock",
      text: "SELECT id, n FROM account WHERE id = $1 FOR UPDATE",
      values: [1],
    });
    expect(read.fields.map(({ name }) => name)).toEqual(["id", "n"]);
    expect(read.rows).toEqual([{ id: 1, n: 10 }]);
    await b.query("UPDATE account SET label = 'w' WHERE id = 1");
    await a.query("UPDATE account SET n = 0 WHERE id = 2");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("are refused in a transaction that may only read", async () => {
    await a.query("BEGIN READ ONLY");
    await expect(a.query("SELECT * FROM account FOR UPDATE")).rejects.toMatchObject({ code: "25006" });
    await a.query("ROLLBACK");
  });

  it("FOR KEY SHARE lets other columns change, but not the row go", async () => {
    await a.query("BEGIN");
    await a.query("SELECT * FROM account WHERE id = 1 FOR KEY SHARE");
    await b.query("UPDATE account SET label = 'w' WHERE id = 1");
    await a.query("COMMIT");
    await a.query("BEGIN");
    await a.query("SELECT * FROM account WHERE id = 1 FOR KEY SHARE");
    await b.query("DELETE FROM account WHERE id = 1");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });
});

describe("foreign keys", () => {
  it("a new child loses to the deletion of its parent, and the other way round", async () => {
    await a.query("BEGIN");
    await a.query("INSERT INTO child VALUES (1, 1)");
    await b.query("DELETE FROM parent WHERE id = 1");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await a.query("INSERT INTO parent VALUES (2, 'q')");
    await a.query("BEGIN");
    await a.query("DELETE FROM parent WHERE id = 2");
    await b.query("INSERT INTO child VALUES (2, 2)");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("a new child and a change of its parent's other columns both commit", async () => {
    await a.query("BEGIN");
    await b.query("BEGIN");
    await a.query("INSERT INTO child VALUES (1, 1)");
    await b.query("UPDATE parent SET name = 'new' WHERE id = 1");
    await b.query("COMMIT");
    await a.query("COMMIT");
    expect(await rowsOf(a, "SELECT name FROM child JOIN parent ON parent.id = parent_id")).toEqual([
      { name: "new" },
    ]);
  });
});

describe("a schema that others have changed", () => {
  it("is met once by a session that has used tables, not by one that has not, nor by SELECT 1", async () => {
    const fresh = await connect(dsql);
    try {
      await b.query("SELECT FROM account");
      await a.query("CREATE TABLE later (id int PRIMARY KEY)");
      expect((await b.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await expect(b.query("SELECT FROM account")).rejects.toMatchObject({
        code: "40001",
        message: "schema has been updated by another transaction (OC001)",
      });
      await b.query("SELECT FROM account");
      await fresh.query("SELECT FROM account");
    } finally {
      await fresh.end();
      await a.query("DROP TABLE later");
    }
  });

  it("is changed while readers and writers are in the middle of transactions, and waits for none", async () => {
    await a.query("BEGIN");
    await a.query("SELECT FROM loose");
    await a.query("UPDATE loose SET v = 'w'");
    await b.query("ALTER TABLE loose ADD COLUMN extra int");
    await expect(a.query("SELECT FROM loose")).rejects.toMatchObject({ code: "40001" });
    await a.query("ROLLBACK");
    await b.query("ALTER TABLE loose DROP COLUMN extra");
  });
});
