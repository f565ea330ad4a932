import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../../src/index.ts";
import * as frontend from "../../../src/wire/frontend-messages.ts";
import { int16, int32, message } from "../../../src/wire/message-writer.ts";
import { RawClient } from "../../support/raw-client.ts";

let local: LocalDsql;
let a: RawClient;
let b: RawClient;
beforeAll(async () => {
  local = await startLocalDsql();
  [a, b] = [await RawClient.open(local), await RawClient.open(local)];
  await a.exchange(frontend.query("CREATE TABLE item (id int PRIMARY KEY, n int)"));
  await a.exchange(frontend.query("INSERT INTO item SELECT id, id FROM generate_series(1, 5) AS id"));
});
afterAll(async () => {
  a?.close();
  b?.close();
  await local?.stop();
});

const { bind, describe: ask, execute, parse, query, sync } = frontend;

describe("a portal with a row limit", () => {
  it("is described, exhausted and gone as on a server, when another session has had the transaction's locks", async () => {
    await a.exchange(query("BEGIN"));
    await a.exchange(query("UPDATE item SET n = 0 WHERE id = 5"));
    const portal = [parse("", "SELECT id FROM item ORDER BY id"), bind("p", ""), execute("p", 2), sync];
    expect(await a.exchange(...portal)).toEqual(["1", "2", "1", "2", "s", "ZT"]);
    expect(await b.exchange(query("UPDATE item SET n = 1 WHERE id = 5"))).toEqual(["UPDATE 1", "ZI"]);
    expect(await a.exchange(ask("portal", "p"), execute("p", 2), sync)).toEqual(["T", "3", "4", "s", "ZT"]);
    expect(await a.exchange(execute("p"), sync)).toEqual(["5", "SELECT 1", "ZT"]);
    expect(await a.exchange(execute("p"), sync)).toEqual(["SELECT 0", "ZT"]);
    expect(await a.exchange(query("COMMIT"))).toEqual(["40001", "ZI"]);
    expect(await a.exchange(execute("p"), sync)).toEqual(["34000", "ZI"]);
  });
});

describe("a transaction that loses", () => {
  it("pages through a portal", async () => {
    await a.exchange(query("BEGIN"));
    await a.exchange(query("UPDATE item SET n = 10 WHERE id = 1"));
    await b.exchange(query("UPDATE item SET n = 20 WHERE id = 1"));
    const portal = [parse("", "SELECT n FROM item ORDER BY id"), bind("p", ""), execute("p", 2), sync];
    expect(await a.exchange(...portal)).toEqual(["1", "2", "10", "2", "s", "ZT"]);
    expect(await a.exchange(execute("p", 2), sync)).toEqual(["3", "4", "s", "ZT"]);
    expect(await a.exchange(query("UPDATE item SET n = 30 WHERE id = 5"))).toEqual(["UPDATE 1", "ZT"]);
    expect(await a.exchange(execute("p", 2), sync)).toEqual(["1", "SELECT 1", "ZT"]);
    expect(await a.exchange(query("COMMIT"))).toEqual(["40001", "ZI"]);
  });
});

describe("the unnamed statement", () => {
  const prepare = (sql: string): Promise<string[]> => a.exchange(parse("", sql), sync);

  it("lives from batch to batch, whatever the endpoint itself has asked PostgreSQL meanwhile", async () => {
    await a.exchange(query("BEGIN"));
    await a.exchange(query("UPDATE item SET n = 0 WHERE id = 2"));
    expect(await prepare("SELECT n FROM item WHERE id = 2 FOR UPDATE")).toEqual(["1", "ZT"]);
    await b.exchange(query("BEGIN"));
    await b.exchange(query("UPDATE item SET n = 1 WHERE id = 2"));
    expect(await a.exchange(ask("statement", ""), sync)).toEqual(["t", "T", "ZT"]);
    expect(await a.exchange(bind("p", ""), sync)).toEqual(["2", "ZT"]);
    await b.exchange(query("UPDATE item SET n = 2 WHERE id = 2"));
    expect(await a.exchange(execute("p"), sync)).toEqual(["0", "SELECT 1", "ZT"]);
    await b.exchange(query("ROLLBACK"));
    expect(await a.exchange(query("COMMIT"))).toEqual(["COMMIT", "ZI"]);
  });

  it("lives while the catalog is asked for what the rules want to know", async () => {
    expect(await prepare("ALTER TABLE item ADD COLUMN extra text")).toEqual(["1", "ZI"]);
    expect(await a.exchange(bind("", ""), execute(""), sync)).toEqual(["2", "ALTER TABLE", "ZI"]);
    await b.exchange(query("BEGIN"));
    await b.exchange(query("SELECT FROM item"));
    await b.exchange(query("ROLLBACK"));
    await b.exchange(query("BEGIN"));
    await b.exchange(query("SELECT FROM item"));
    expect(await prepare("SELECT n FROM item WHERE id = 3 FOR UPDATE")).toEqual(["1", "ZI"]);
    expect(await a.exchange(bind("", ""), execute(""), sync)).toEqual(["2", "3", "SELECT 1", "ZI"]);
    await b.exchange(query("ROLLBACK"));
  });
});

describe("a statement that reads for a lock", () => {
  it("takes 65,535 parameters and a format for each column", async () => {
    const list = Array.from({ length: 65_535 }, (_, i) => `$${i + 1}`).join(",");
    const one = Buffer.concat([int32(1), Buffer.from("3")]);
    const values = Buffer.concat([int16(0), int16(65_535), ...Array.from({ length: 65_535 }, () => one)]);
    const formats = Buffer.concat([int16(2), int16(0), int16(0)]);
    const sql = `SELECT id, n FROM item WHERE id IN (${list}) FOR UPDATE`;
    await b.exchange(query("BEGIN"));
    expect(
      await b.exchange(parse("", sql), message(0x42, "", "", values, formats), execute(""), sync),
    ).toEqual(["1", "2", "3,3", "SELECT 1", "ZT"]);
    expect(await b.exchange(query("COMMIT"))).toEqual(["COMMIT", "ZI"]);
  });
});
