import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import * as frontend from "../../src/wire/frontend-messages.ts";
import { int16, int32, message } from "../../src/wire/message-writer.ts";
import { RawClient } from "../support/raw-client.ts";

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
