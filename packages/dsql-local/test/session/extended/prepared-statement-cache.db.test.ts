import pg, { type Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../../src/index.ts";
import { connect } from "../../support/client.ts";

const OFTEN = 5;

let dsql: LocalDsql;
let a: Client;
let b: Client;

beforeAll(async () => {
  dsql = await startLocalDsql();
  b = await connect(dsql);
  await b.query("CREATE TABLE item (id int PRIMARY KEY, n int)");
  await b.query("INSERT INTO item SELECT id, id * 10 FROM generate_series(1, 9) AS id");
});

afterAll(async () => {
  await b?.end();
  await dsql?.stop();
});

beforeEach(async () => {
  a = await connect(dsql);
});

afterEach(() => a?.end());

/** Rows of the same query, sent several times. */
async function rowsOfEach(text: string, values: unknown[], times = OFTEN): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for (let i = 0; i < times; i++) rows.push((await a.query({ text, values })).rows);
  return rows;
}

/** A query that binds the unnamed statement once more, without sending it. */
class BoundAgain extends pg.Query {
  prepare(connection: pg.Connection): void {
    const { values } = this as unknown as { values: string[] };
    connection.bind({ values }, true);
    connection.describe({ type: "P" }, true);
    connection.execute({}, true);
    connection.sync();
  }
}

const boundAgain = (values: unknown[]): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const query = new BoundAgain({ text: "not sent", values });
    query.on("error", reject).on("end", (result) => resolve((result as unknown as pg.QueryResult).rows));
    a.query(query);
  });

describe("a query that comes again and again without a name", () => {
  it("returns the rows for the values that it is sent with", async () => {
    for (let id = 1; id <= 9; id++) {
      const { rows } = await a.query("SELECT n FROM item WHERE id = $1", [id]);
      expect(rows).toEqual([{ n: id * 10 }]);
    }
  });

  it("sees the columns of its table as they are now", async () => {
    const text = "SELECT * FROM item WHERE id = $1";
    expect(await rowsOfEach(text, [1])).toEqual(Array(OFTEN).fill([{ id: 1, n: 10 }]));
    await b.query("ALTER TABLE item ADD COLUMN extra text");
    // The first statement after DDL of others may be told that the schema has changed.
    await a.query(text, [1]).catch(() => undefined);
    expect(await rowsOfEach(text, [1])).toEqual(Array(OFTEN).fill([{ id: 1, n: 10, extra: null }]));
    await b.query("ALTER TABLE item DROP COLUMN extra");
  });

  it("follows the search_path", async () => {
    await b.query("CREATE SCHEMA other");
    await b.query("CREATE TABLE other.item (id text PRIMARY KEY)");
    const text = "SELECT * FROM item WHERE id::text = $1";
    await a.query(text, ["1"]).catch(() => undefined);
    expect(await rowsOfEach(text, ["1"])).toEqual(Array(OFTEN).fill([{ id: 1, n: 10 }]));
    await a.query("SET search_path TO other, public");
    expect(await rowsOfEach(text, ["1"])).toEqual(Array(OFTEN).fill([]));
    await a.query("RESET search_path");
    expect(await rowsOfEach(text, ["1"])).toEqual(Array(OFTEN).fill([{ id: 1, n: 10 }]));
  });

  it("can be bound once more without being sent", async () => {
    const [ofId, ofN] = ["SELECT n FROM item WHERE id = $1", "SELECT id FROM item WHERE n = $1"];
    await rowsOfEach(ofId, [1]);
    await rowsOfEach(ofN, [10]);
    await rowsOfEach(ofId, [1]);
    expect(await boundAgain(["2"])).toEqual([{ n: 20 }]);
    expect(await boundAgain(["3"])).toEqual([{ n: 30 }]);
    await rowsOfEach(ofN, [10]);
    expect(await boundAgain(["40"])).toEqual([{ id: 4 }]);
  });

  it("fails with the error that its values cause, and goes on", async () => {
    const text = "SELECT 10 / $1::int AS n";
    await rowsOfEach(text, [1]);
    await expect(a.query(text, [0])).rejects.toMatchObject({ code: "22012" });
    await expect(a.query(text, ["x"])).rejects.toMatchObject({ code: "22P02" });
    expect(await rowsOfEach(text, [5])).toEqual(Array(OFTEN).fill([{ n: 2 }]));
  });

  it("sees its own transaction's writes, and its snapshot only", async () => {
    const text = "SELECT n FROM item WHERE id = $1";
    await rowsOfEach(text, [5]);
    await a.query("BEGIN");
    expect(await rowsOfEach(text, [5], 1)).toEqual([[{ n: 50 }]]);
    await b.query("UPDATE item SET n = 51 WHERE id = 5");
    expect(await rowsOfEach(text, [5])).toEqual(Array(OFTEN).fill([{ n: 50 }]));
    await a.query("UPDATE item SET n = 61 WHERE id = 6");
    expect(await rowsOfEach(text, [6])).toEqual(Array(OFTEN).fill([{ n: 61 }]));
    await a.query("ROLLBACK");
    expect(await rowsOfEach(text, [5], 1)).toEqual([[{ n: 51 }]]);
  });

  it("is forgotten where there are very many of them", async () => {
    for (let n = 0; n < 110; n++) {
      expect(await rowsOfEach(`SELECT ${n} AS n WHERE $1`, [true], 4)).toEqual(Array(4).fill([{ n }]));
    }
    const { rows } = await a.query("SELECT count(*)::int AS n FROM pg_prepared_statements");
    expect(rows[0].n).toBeLessThanOrEqual(100);
  });
});
