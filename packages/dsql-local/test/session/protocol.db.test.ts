import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, Submittable } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

const CONFLICT = { code: "40001", message: "change conflicts with another transaction (OC000)" };
const ABORTED = { code: "25P02" };

let dsql: LocalDsql;
let a: Client;
let b: Client;

beforeAll(async () => {
  dsql = await startLocalDsql({ limits: { maxTransactionBytes: 2 * 1024 * 1024 } });
  [a, b] = [await connect(dsql), await connect(dsql)];
  await a.query("CREATE TABLE item (id int PRIMARY KEY, n int, body text)");
});

afterAll(async () => {
  await a?.end();
  await b?.end();
  await dsql?.stop();
});

beforeEach(async () => {
  await a.query("DELETE FROM item");
  await a.query("INSERT INTO item SELECT id, id FROM generate_series(1, 100) AS id");
});

const increment = { name: "increment", text: "UPDATE item SET n = n + $2::int WHERE id = $1 RETURNING n" };

/** What a test uses of pg-cursor, whose types do not fit those of pg. */
interface RowCursor extends Submittable {
  read(rows: number): Promise<unknown[]>;
  close(): Promise<void>;
}

const openCursor = (sql: string): RowCursor => a.query(new Cursor(sql) as unknown as RowCursor);

describe("named statements", () => {
  it("live through transactions that lose, prepared before or within", async () => {
    expect((await a.query({ ...increment, values: [1, 1] })).rows).toEqual([{ n: 2 }]);
    await a.query("BEGIN");
    await a.query("SELECT FROM item");
    await b.query("UPDATE item SET n = 50 WHERE id = 1");
    const within = { ...increment, name: "within" };
    expect((await a.query({ ...increment, values: [1, 1] })).rows).toEqual([{ n: 3 }]);
    expect((await a.query({ ...within, values: [1, 1] })).rows).toEqual([{ n: 4 }]);
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect((await a.query({ ...increment, values: [1, 1] })).rows).toEqual([{ n: 51 }]);
    expect((await a.query({ ...within, values: [1, 1] })).rows).toEqual([{ n: 52 }]);
  });

  it("follow the table through DDL", async () => {
    const read = { name: "read", text: "SELECT id, n FROM item WHERE id = $1", values: [3] };
    await a.query(read);
    await a.query("ALTER TABLE item ADD COLUMN extra int");
    expect((await a.query(read)).rows).toEqual([{ id: 3, n: 3 }]);
    await a.query("ALTER TABLE item DROP COLUMN extra");
    expect((await a.query(read)).rows).toEqual([{ id: 3, n: 3 }]);
    await b.query("SELECT FROM item").catch(() => undefined);
  });
});

describe("cursors", () => {
  it("page through rows outside a transaction", async () => {
    const cursor = openCursor("SELECT id FROM item ORDER BY id");
    expect(await cursor.read(2)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await cursor.read(1)).toEqual([{ id: 3 }]);
    await cursor.close();
    expect((await a.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  it("continue to the end while another session takes the transaction's locks", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE item SET n = -1 WHERE id = 1");
    const cursor = openCursor("SELECT n FROM item ORDER BY id");
    expect(await cursor.read(1)).toEqual([{ n: -1 }]);
    await b.query("BEGIN");
    await b.query("UPDATE item SET n = -2 WHERE id = 1");
    expect(await cursor.read(1)).toEqual([{ n: 2 }]);
    expect(await cursor.read(500)).toHaveLength(98);
    expect(await cursor.read(1)).toEqual([]);
    await cursor.close();
    await a.query("COMMIT");
    await expect(b.query("COMMIT")).rejects.toMatchObject(CONFLICT);
    expect((await a.query("SELECT n FROM item WHERE id = 1")).rows).toEqual([{ n: -1 }]);
  });
});

describe("COPY", () => {
  it("goes in and out, and its rows conflict like others", async () => {
    await a.query("BEGIN");
    await pipeline(
      Readable.from(["201,1,\n", "202,2,x\n"]),
      a.query(copyFrom("COPY item FROM STDIN WITH (FORMAT csv)")),
    );
    await b.query("INSERT INTO item VALUES (202, 7)");
    let text = "";
    for await (const chunk of a.query(copyTo("COPY (SELECT id, body FROM item WHERE id > 200) TO STDOUT"))) {
      text += chunk;
    }
    expect(text).toBe("201\t\\N\n202\tx\n");
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("holds no locks while its client takes its time, in a transaction that loses too", async () => {
    await a.query("BEGIN");
    await a.query("UPDATE item SET n = 0 WHERE id = 7");
    const rows = a.query(copyFrom("COPY item (id, n) FROM STDIN"));
    rows.write("401\t1\n");
    await b.query("UPDATE item SET n = 1 WHERE id = 7");
    rows.end("402\t2\n");
    await pipeline(Readable.from([]), rows).catch(() => undefined);
    expect((await a.query("SELECT id FROM item WHERE id > 400 OR n = 0 ORDER BY id")).rows).toEqual([
      { id: 7 },
      { id: 401 },
      { id: 402 },
    ]);
    await pipeline(Readable.from(["403\t3\n"]), a.query(copyFrom("COPY public.item (id, n) FROM STDIN")));
    expect((await a.query("SELECT count(*)::int AS n FROM item WHERE id > 400")).rows).toEqual([{ n: 3 }]);
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("that fails leaves the session in order", async () => {
    const rows = a.query(copyFrom("COPY item FROM STDIN"));
    await expect(pipeline(Readable.from(["x\t1\ty\n"]), rows)).rejects.toMatchObject({ code: "22P02" });
    expect((await a.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
});

describe("transactions", () => {
  it("of several statements in one query are all or nothing", async () => {
    await expect(
      a.query("INSERT INTO item VALUES (301, 1); INSERT INTO item VALUES (1, 1)"),
    ).rejects.toMatchObject({
      code: "23505",
    });
    expect((await a.query("SELECT FROM item WHERE id = 301")).rowCount).toBe(0);
    await a.query("BEGIN; INSERT INTO item VALUES (302, 1); COMMIT");
    expect((await b.query("SELECT FROM item WHERE id = 302")).rowCount).toBe(1);
  });

  it("fail with 25P02 after any refusal, and COMMIT then rolls back", async () => {
    await a.query("BEGIN");
    await expect(a.query({ text: "TRUNCATE item", values: [] })).rejects.toMatchObject({ code: "0A000" });
    await expect(a.query("SELECT $1::int", [1])).rejects.toMatchObject(ABORTED);
    await expect(a.query("SAVEPOINT s")).rejects.toMatchObject(ABORTED);
    expect((await a.query("COMMIT")).command).toBe("ROLLBACK");
  });

  it("know what functions have written that a SELECT has called", async () => {
    await a.query(
      "CREATE FUNCTION put(int) RETURNS int LANGUAGE sql AS 'INSERT INTO item VALUES ($1, 0) RETURNING id'",
    );
    await a.query("BEGIN");
    await a.query("SELECT put(501)");
    await b
      .query("INSERT INTO item VALUES (501, 1)")
      .catch(() => b.query("INSERT INTO item VALUES (501, 1)"));
    expect((await a.query("SELECT n FROM item WHERE id = 501")).rows).toEqual([{ n: 0 }]);
    await expect(a.query("COMMIT")).rejects.toMatchObject(CONFLICT);
  });

  it("keep to the limits on rows and bytes, also in a single statement", async () => {
    const tooMany = { code: "54000", message: "transaction row limit exceeded" };
    const tooLarge = {
      code: "54000",
      message: "transaction size limit 2mb exceeded",
      detail: /^Current transaction size 3mb > 2mb$/,
    };
    await expect(
      a.query("INSERT INTO item SELECT id FROM generate_series(1001, 4001) AS id"),
    ).rejects.toMatchObject(tooMany);
    await expect(
      a.query("INSERT INTO item SELECT id, 1, repeat('x', 700000) FROM generate_series(1001, 1004) AS id"),
    ).rejects.toMatchObject({ ...tooLarge, detail: expect.stringMatching(tooLarge.detail) });
    await a.query("BEGIN");
    await a.query(
      "INSERT INTO item SELECT id, 1, repeat('x', 700000) FROM generate_series(1001, 1004) AS id",
    );
    await expect(a.query("COMMIT")).rejects.toMatchObject({
      ...tooLarge,
      detail: expect.stringMatching(tooLarge.detail),
    });
    const accents =
      "INSERT INTO item SELECT id, 1, repeat('é', 350000) FROM generate_series(1001, 1004) AS id";
    await expect(a.query(accents)).rejects.toMatchObject({ code: "54000" });
    await expect(a.query(`BEGIN; ${accents}; COMMIT`)).rejects.toMatchObject({ code: "54000" });
    expect((await a.query("SELECT FROM item WHERE id > 1000")).rowCount).toBe(0);
  });
});
