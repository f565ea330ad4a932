import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

let dsql: LocalDsql;
let a: Client;
let b: Client;
const made: string[] = [];

beforeAll(async () => {
  dsql = await startLocalDsql({ schemaConflicts: false });
});
afterAll(() => dsql?.stop());
beforeEach(async () => {
  [a, b] = [await connect(dsql), await connect(dsql)];
});
afterEach(async () => {
  await Promise.all([a.end(), b.end()]);
  const cleaner = await connect(dsql);
  for (const table of made.splice(0).reverse()) await cleaner.query(`DROP TABLE IF EXISTS ${table}`);
  await cleaner.end();
});

async function create(table: string, columns: string): Promise<void> {
  await a.query(`CREATE TABLE ${table} (${columns})`);
  made.push(table);
}

/** Another session takes the transaction's locks, and rolls back. */
async function takeLocks(sql: string): Promise<void> {
  await b.query("BEGIN");
  await b.query(sql);
  await b.query("ROLLBACK");
}

describe("what was taken back and is written again", () => {
  it("has a deferred foreign key checked at COMMIT", async () => {
    await create("parent", "id int PRIMARY KEY");
    await create(
      "child",
      "id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED",
    );
    await a.query("BEGIN");
    await a.query("INSERT INTO child VALUES (1, 9)");
    await takeLocks("INSERT INTO child VALUES (1, NULL)");
    await expect(a.query("COMMIT")).rejects.toMatchObject({
      code: "23503",
      message: 'insert or update on table "child" violates foreign key constraint "child_parent_id_fkey"',
    });
    expect((await a.query("SELECT * FROM child")).rows).toEqual([]);
  });

  it("has the other side of a deferred foreign key checked at COMMIT", async () => {
    await create("parent", "id int PRIMARY KEY");
    await create(
      "child",
      "id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED",
    );
    await a.query("INSERT INTO parent VALUES (1)");
    await a.query("INSERT INTO child VALUES (1, 1)");
    await a.query("BEGIN");
    await a.query("DELETE FROM parent");
    await takeLocks("DELETE FROM parent");
    await expect(a.query("COMMIT")).rejects.toMatchObject({ code: "23503" });
    await a.query("BEGIN");
    await a.query("DELETE FROM parent");
    await takeLocks("DELETE FROM parent");
    await a.query("DELETE FROM child");
    await a.query("COMMIT");
    expect((await b.query("SELECT * FROM parent")).rows).toEqual([]);
  });

  it("keeps what SET CONSTRAINTS has said", async () => {
    await create("parent", "id int PRIMARY KEY");
    await create("child", "id int PRIMARY KEY, parent_id int REFERENCES parent DEFERRABLE");
    await a.query("BEGIN");
    await a.query("SET CONSTRAINTS ALL DEFERRED");
    await a.query("INSERT INTO child VALUES (1, 1)");
    await takeLocks("INSERT INTO child VALUES (1, NULL)");
    await a.query("INSERT INTO child VALUES (2, 1)");
    await a.query("INSERT INTO parent VALUES (1)");
    await a.query("COMMIT");
    expect((await b.query("SELECT count(*)::int AS n FROM child")).rows).toEqual([{ n: 2 }]);
  });

  it("holds the value of an identity column that the client has been given", async () => {
    await create("item", "id int PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY (CACHE 1), v int");
    await a.query("INSERT INTO item (id, v) VALUES (1, 0)");
    await a.query("BEGIN");
    const { rows } = await a.query("UPDATE item SET n = DEFAULT RETURNING n");
    expect(rows).toEqual([{ n: "2" }]);
    await takeLocks("UPDATE item SET v = 1");
    await a.query("COMMIT");
    expect((await b.query("SELECT n FROM item")).rows).toEqual(rows);
  });

  it("deletes, inserts and shifts keys as its statements say, and related tables together", async () => {
    await create("parent", "id int PRIMARY KEY, code numeric(10,2) UNIQUE");
    await create("child", "id int PRIMARY KEY, code numeric(10,4) REFERENCES parent (code)");
    await create("heir", "id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE");
    await a.query("INSERT INTO parent SELECT n, n FROM generate_series(1, 5) AS n");
    await a.query("INSERT INTO heir VALUES (1, 5)");
    await a.query("BEGIN");
    await a.query("INSERT INTO child VALUES (1, 1)");
    await a.query("DELETE FROM child WHERE id = 1");
    await a.query("INSERT INTO child VALUES (1, 2)");
    await a.query("DELETE FROM parent WHERE id IN (1, 5)");
    await a.query("UPDATE parent SET id = id - 1");
    await a.query("INSERT INTO parent VALUES (9, 1)");
    await takeLocks("UPDATE parent SET code = code + 10 WHERE id IN (1, 3, 4)");
    await takeLocks("INSERT INTO parent VALUES (9, 99)");
    await a.query("COMMIT");
    expect((await b.query("SELECT id, code::int FROM parent ORDER BY id")).rows).toEqual([
      { id: 1, code: 2 },
      { id: 2, code: 3 },
      { id: 3, code: 4 },
      { id: 9, code: 1 },
    ]);
    expect((await b.query("SELECT id, code::text FROM child")).rows).toEqual([{ id: 1, code: "2.0000" }]);
    expect((await b.query("SELECT * FROM heir")).rows).toEqual([]);
  });

  it("is refused as a schema conflict where DDL was committed meanwhile, not as a conflict of data", async () => {
    await create("item", "id int PRIMARY KEY, v int");
    await a.query("INSERT INTO item VALUES (1, 1)");
    await a.query("BEGIN");
    await a.query("UPDATE item SET v = 2");
    await b.query("ALTER TABLE item DROP COLUMN v");
    await expect(a.query("SELECT 1").then(() => a.query("COMMIT"))).rejects.toMatchObject({
      code: "40001",
      message: "schema has been updated by another transaction (OC001)",
    });
  });
});

/** Parent and child types that a foreign key may tie together, with a value of each side that is the other's equal. */
const MIXED: readonly [parentType: string, parentValue: string, childType: string, childValue: string][] = [
  ["numeric(10,2)", "1.00", "numeric(10,4)", "1.0000"],
  ["numeric(10,2)", "1.00", "int", "1"],
  ["double precision", "0.5", "numeric(10,4)", "0.5000"],
  ["double precision", "0.10000000149011612", "real", "0.1"],
  ["bigint", "1", "smallint", "1"],
  ["date", "'2026-01-02'", "timestamp", "'2026-01-02 00:00:00'"],
  ["timestamp", "'2026-01-02 00:00:00'", "date", "'2026-01-02'"],
  ["timestamp", "'2026-01-02 03:00:00'", "timestamptz", "'2026-01-02 03:00:00Z'"],
  ["timestamptz", "'2026-01-02 00:00:00Z'", "date", "'2026-01-02'"],
  ["varchar(5)", "'ab'", "char(5)", "'ab'"],
  ["char(5)", "'ab'", "varchar(5)", "'ab'"],
];

describe("a foreign key between differing types", () => {
  it.each(MIXED)("%s %s from %s %s leaves no orphan", async (parentType, value, childType, reference) => {
    await create("parent", `id int PRIMARY KEY, k ${parentType} UNIQUE, v int`);
    await create("child", `id int PRIMARY KEY, k ${childType} REFERENCES parent (k)`);
    await a.query(`INSERT INTO parent VALUES (1, ${value}, 0)`);
    await a.query("BEGIN");
    await a.query(`INSERT INTO child VALUES (1, ${reference})`);
    await b.query("DELETE FROM parent");
    await expect(a.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
    await a.query(`INSERT INTO parent VALUES (1, ${value}, 0)`);
    await a.query("BEGIN");
    await a.query("DELETE FROM parent");
    await b.query(`INSERT INTO child VALUES (1, ${reference})`);
    await expect(a.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
    await a.query("BEGIN");
    await a.query("UPDATE parent SET v = 1");
    await b.query(`INSERT INTO child VALUES (2, ${reference})`);
    await a.query("COMMIT");
  });

  it("follows the time zone of the session that wrote the child", async () => {
    await create("parent", "id int PRIMARY KEY, k timestamp UNIQUE");
    await create("child", "id int PRIMARY KEY, k timestamptz REFERENCES parent (k)");
    await a.query("INSERT INTO parent VALUES (1, '2026-01-02 12:00')");
    await a.query("SET TIME ZONE 'Asia/Tokyo'");
    await a.query("BEGIN");
    await a.query("INSERT INTO child VALUES (1, '2026-01-02 12:00+09')");
    await b.query("DELETE FROM parent");
    await expect(a.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
  });
});

describe("an UPDATE of many rows", () => {
  const COLUMNS = `id int, name text, t text, n int, PRIMARY KEY (id, name)`;
  const FILL = `SELECT i, 'row "' || i || '", \\ é', CASE WHEN i % 3 > 0 THEN 'a, (b) ' || i END, i FROM generate_series(1, 300) i`;

  beforeEach(async () => {
    await create("many", COLUMNS);
    await a.query(`INSERT INTO many ${FILL}`);
    await create("hot", "id int PRIMARY KEY, n int");
    await a.query("INSERT INTO hot VALUES (1, 0)");
  });

  const rowsOf = async (client: Client, query: string): Promise<unknown[]> =>
    (await client.query(query)).rows;
  const expected = (columns: string): string =>
    `SELECT ${columns} FROM (${FILL}) AS filled (id, name, t, n) ORDER BY id`;

  it("is written again in full", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE many SET n = n * 2, t = t || '!'");
    await takeLocks("UPDATE many SET n = 0 WHERE id = 7");
    await a.query("COMMIT");
    expect(await rowsOf(b, "SELECT * FROM many ORDER BY id")).toEqual(
      await rowsOf(b, expected("id, name, t || '!' AS t, n * 2 AS n")),
    );
  });

  it("is written again with its new keys, and with what came after it", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE many SET id = id + 100, n = 0");
    await a.query("UPDATE many SET n = -1 WHERE id = 101");
    await a.query("DELETE FROM many WHERE id = 102");
    await takeLocks("UPDATE many SET n = 0 WHERE id = 7");
    await a.query("COMMIT");
    expect(await rowsOf(b, "SELECT * FROM many ORDER BY id")).toEqual(
      await rowsOf(
        b,
        `SELECT * FROM (${expected("id + 100 AS id, name, t, CASE id WHEN 1 THEN -1 ELSE 0 END AS n")}) AS e WHERE id <> 102`,
      ),
    );
  });

  it("is still there for a transaction that is known to lose", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE many SET n = n * 2");
    await b.query("UPDATE hot SET n = 1");
    await a.query("UPDATE hot SET n = 2");
    expect(await rowsOf(a, "SELECT * FROM many ORDER BY id")).toEqual(
      await rowsOf(a, expected("id, name, t, n * 2 AS n")),
    );
    await expect(a.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
    expect(await rowsOf(b, "SELECT sum(n)::int AS sum FROM many")).toEqual([{ sum: 45_150 }]);
  });

  it("conflicts in each of its rows", async () => {
    await a.query("BEGIN");
    await b.query("BEGIN");
    await b.query("SELECT 1 FROM hot");
    await a.query("UPDATE many SET n = n * 2");
    await a.query("COMMIT");
    await b.query("UPDATE many SET n = 0 WHERE id = 300");
    await expect(b.query("COMMIT")).rejects.toMatchObject({ code: "40001" });
  });
});

describe("a table whose columns have names like t and n", () => {
  it("has its rows distinguished", async () => {
    await create("named", "t int, n int, s text, PRIMARY KEY (n)");
    await a.query("INSERT INTO named VALUES (5, 1, 'a'), (5, 2, 'b')");
    await a.query("BEGIN");
    await a.query("UPDATE named SET s = s || '!'");
    await takeLocks("UPDATE named SET s = ''");
    await a.query("COMMIT");
    expect((await a.query("SELECT * FROM named ORDER BY n")).rows).toEqual([
      { t: 5, n: 1, s: "a!" },
      { t: 5, n: 2, s: "b!" },
    ]);
  });

  it("has the limits of its keys checked", async () => {
    await create("named", "n int, s text, PRIMARY KEY (n, s)");
    await a.query("INSERT INTO named VALUES (1, 'a')");
    await expect(a.query("UPDATE named SET s = repeat('x', 2500)")).rejects.toMatchObject({ code: "54000" });
  });
});
