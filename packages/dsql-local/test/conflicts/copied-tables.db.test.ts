import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

const CONFLICT = { code: "40001", message: "change conflicts with another transaction (OC000)" };

let dsql: LocalDsql;
let loser: Client;
let winner: Client;

beforeAll(async () => {
  dsql = await startLocalDsql({ schemaConflicts: false, indexBuildMs: 0 });
  [loser, winner] = [await connect(dsql), await connect(dsql)];
});
afterAll(async () => {
  await loser?.end();
  await winner?.end();
  await dsql?.stop();
});
beforeEach(async () => {
  await loser.query("ROLLBACK");
  await winner.query("DROP TABLE IF EXISTS item");
  await winner.query("CREATE TABLE item (id int PRIMARY KEY, code int, n int)");
  await winner.query("INSERT INTO item VALUES (1, 10, 1), (2, 20, 2), (3, 20, 3)");
});

/** Makes the open transaction one that loses. */
async function lose(): Promise<void> {
  await loser.query("BEGIN");
  await loser.query("UPDATE item SET n = 100 WHERE id = 1");
  await winner.query("UPDATE item SET n = 200 WHERE id = 1");
  expect((await loser.query("SELECT n FROM item WHERE id = 1")).rows).toEqual([{ n: 100 }]);
}

async function runJob(sql: string): Promise<void> {
  const { rows } = await winner.query(sql);
  await winner.query(`CALL sys.wait_for_job('${rows[0].job_id}')`);
}

describe("a transaction that loses goes on to COMMIT", () => {
  it.each([
    ["CREATE UNIQUE INDEX ASYNC item_n ON item (n)", "INSERT INTO item VALUES (4, 40, 3)"],
    ["CREATE UNIQUE INDEX ASYNC item_n ON item (n) INCLUDE (code)", "UPDATE item SET n = 3 WHERE id = 2"],
    ["CREATE UNIQUE INDEX ASYNC item_n ON item ((n % 50))", "INSERT INTO item VALUES (4, 40, 53)"],
    ["CREATE UNIQUE INDEX ASYNC item_n ON item (code) WHERE n = 3", "INSERT INTO item VALUES (4, 20, 3)"],
  ])("and keeps to %s", async (index, duplicate) => {
    await runJob(index);
    await lose();
    await loser.query("INSERT INTO item VALUES (5, 50, 5)");
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await winner.query("UPDATE item SET n = 1 WHERE id = 1");
    await lose();
    await expect(loser.query(duplicate)).rejects.toMatchObject({ code: "23505", constraint: "item_n" });
  });

  it("beside a unique index whose build has failed", async () => {
    await runJob("CREATE UNIQUE INDEX ASYNC item_code ON item (code)");
    await lose();
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("and keeps to a check that older rows do not pass", async () => {
    await winner.query("ALTER TABLE item ADD CONSTRAINT most CHECK (code < 20 OR n > 50) NOT VALID");
    await lose();
    await loser.query("UPDATE item SET n = 60 WHERE id = 2");
    await expect(loser.query("UPDATE item SET n = 4 WHERE id = 3")).rejects.toMatchObject({
      code: "23514",
      constraint: "most",
    });
  });

  it("on copies of the table in its state after DDL and after an index build", async () => {
    await lose();
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await winner.query("ALTER TABLE item ADD COLUMN extra int");
    await lose();
    await loser.query("UPDATE item SET extra = 7 WHERE id = 2");
    expect((await loser.query("SELECT extra FROM item WHERE id = 2")).rows).toEqual([{ extra: 7 }]);
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await runJob("CREATE UNIQUE INDEX ASYNC item_n ON item (n)");
    await lose();
    await expect(loser.query("INSERT INTO item VALUES (4, 40, 3)")).rejects.toMatchObject({ code: "23505" });
  });

  it("on copies as the table is now, after one that began before DDL went on as it was then", async () => {
    await loser.query("BEGIN");
    await loser.query("UPDATE item SET n = 100 WHERE id = 1");
    await winner.query("ALTER TABLE item ALTER COLUMN n SET DEFAULT 7");
    await winner.query("UPDATE item SET n = 200 WHERE id = 1");
    await loser.query("INSERT INTO item (id) VALUES (4)");
    expect((await loser.query("SELECT n FROM item WHERE id = 4")).rows).toEqual([{ n: null }]);
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await lose();
    await loser.query("INSERT INTO item (id) VALUES (4)");
    expect((await loser.query("SELECT n FROM item WHERE id = 4")).rows).toEqual([{ n: 7 }]);
  });

  it("on copies of the table of that name, which another had before", async () => {
    await lose();
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await winner.query("DROP TABLE item");
    await winner.query("CREATE TABLE item (id int PRIMARY KEY, n int, label text DEFAULT 'none')");
    await winner.query("INSERT INTO item VALUES (1, 1)");
    await lose();
    await loser.query("INSERT INTO item (id) VALUES (2)");
    expect((await loser.query("SELECT label FROM item WHERE id = 2")).rows).toEqual([{ label: "none" }]);
  });

  it("with the defaults of its columns, in whatever style of dates the one before it had", async () => {
    await winner.query("DROP TABLE item");
    await winner.query("CREATE TABLE item (id int PRIMARY KEY, n int, day date DEFAULT '2024-03-02')");
    await winner.query("INSERT INTO item VALUES (1, 1)");
    await loser.query("SET datestyle = 'SQL, DMY'");
    await lose();
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    await loser.query("RESET datestyle");
    await lose();
    await loser.query("INSERT INTO item (id) VALUES (2)");
    const { rows } = await loser.query("SELECT day::text FROM item WHERE id = 2");
    expect(rows).toEqual([{ day: "2024-03-02" }]);
  });
});

describe("a transaction that loses adds rows to a large table", () => {
  beforeEach(() => createEntries("int"));

  async function createEntries(itemId: string): Promise<void> {
    await winner.query("DROP TABLE IF EXISTS entry");
    await winner.query(`CREATE TABLE entry (id int PRIMARY KEY, item_id ${itemId}, note text DEFAULT 'new')`);
    await winner.query("INSERT INTO entry SELECT n, 1, repeat('x', 200) FROM generate_series(1, 1000) AS n");
  }

  /** Makes the open transaction one that loses, and that has copied the table item, where it has added row 4. */
  async function loseOnCopies(): Promise<void> {
    await lose();
    await loser.query("INSERT INTO item VALUES (4, 40, 4)");
  }

  /** The tables named entry that the loser can see: the table, and its copy if there is one. */
  const persistence = async (): Promise<string[]> => {
    const { rows } = await loser.query(
      "SELECT relpersistence AS kind FROM pg_class WHERE relname = 'entry' ORDER BY 1",
    );
    return rows.map(({ kind }) => kind);
  };

  it("without a copy of it, and sees them until COMMIT fails", async () => {
    await loseOnCopies();
    const inserted = await loser.query("INSERT INTO entry (id) VALUES (1001), (1002) RETURNING id, note");
    expect(inserted.rows).toEqual([
      { id: 1001, note: "new" },
      { id: 1002, note: "new" },
    ]);
    await loser.query("INSERT INTO public.entry VALUES (1003, 4)");
    const read = await loser.query(
      "SELECT e.id, i.code FROM entry AS e LEFT JOIN item AS i ON i.id = item_id WHERE e.id > 1000 ORDER BY 1",
    );
    expect(read.rows.map(({ id, code }) => [id, code])).toEqual([
      [1001, null],
      [1002, null],
      [1003, 40],
    ]);
    expect(await persistence()).toEqual(["p"]);
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect((await winner.query("SELECT FROM entry WHERE id > 1000")).rowCount).toBe(0);
  });

  it("and changes them and older ones afterwards", async () => {
    await loseOnCopies();
    await loser.query("INSERT INTO entry (id) VALUES (1001)");
    expect((await loser.query("UPDATE public.entry SET item_id = 2 WHERE id IN (1, 1001)")).rowCount).toBe(2);
    await loser.query("INSERT INTO entry (id, item_id) VALUES (1002, 2)");
    await loser.query("INSERT INTO public.entry (id, item_id) VALUES (1003, 2)");
    const { rows } = await loser.query("SELECT id FROM entry WHERE item_id = 2 ORDER BY 1");
    expect(rows.map(({ id }) => id)).toEqual([1, 1001, 1002, 1003]);
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect((await winner.query("SELECT FROM entry WHERE item_id = 2")).rowCount).toBe(0);
  });

  it("with a key that its snapshot sees, or not, as if no other transaction existed", async () => {
    await loseOnCopies();
    await loser.query("INSERT INTO entry (id) VALUES (1001)");
    await winner.query("INSERT INTO entry VALUES (1002)");
    const { rows } = await loser.query("INSERT INTO entry (id) VALUES (1002) RETURNING note");
    expect(rows).toEqual([{ note: "new" }]);
    expect((await loser.query("SELECT FROM entry WHERE id > 1000")).rowCount).toBe(2);
    await expect(loser.query("INSERT INTO entry (id) VALUES (7)")).rejects.toMatchObject({
      code: "23505",
      constraint: "entry_pkey",
      table: "entry",
    });
  });

  it("and holds up nobody who adds the same key", async () => {
    await loseOnCopies();
    await loser.query("INSERT INTO entry (id) VALUES (1001)");
    await winner.query("INSERT INTO entry VALUES (1001, 3)");
    expect((await winner.query("SELECT item_id FROM entry WHERE id = 1001")).rows).toEqual([{ item_id: 3 }]);
    await expect(loser.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("on a copy of it if a foreign key links it to a table that is copied", async () => {
    try {
      await createEntries("int REFERENCES item (id)");
      await loseOnCopies();
      await loser.query("INSERT INTO entry (id, item_id) VALUES (1001, 4)");
      expect(await persistence()).toEqual(["p", "t"]);
      await expect(loser.query("INSERT INTO entry (id, item_id) VALUES (1002, 5)")).rejects.toMatchObject({
        code: "23503",
      });
    } finally {
      await loser.query("ROLLBACK");
      await winner.query("DROP TABLE entry");
    }
  });
});
