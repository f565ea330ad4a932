import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

let dsql: LocalDsql;
let a: Client;
let b: Client;

beforeAll(async () => {
  dsql = await startLocalDsql({ schemaConflicts: false });
  [a, b] = [await connect(dsql), await connect(dsql)];
  await a.query("CREATE TABLE item (id int PRIMARY KEY, n int)");
  await a.query("INSERT INTO item VALUES (5, 5)");
});
afterAll(async () => {
  await a?.end();
  await b?.end();
  await dsql?.stop();
});

describe("transactions whose locks another session needs", () => {
  it("keep SET and its undoing", async () => {
    await a.query("BEGIN");
    await a.query("SET LOCAL TIME ZONE 'Asia/Tokyo'");
    await a.query("UPDATE item SET n = 0 WHERE id = 5");
    await b.query("UPDATE item SET n = 1 WHERE id = 5");
    expect((await a.query("SHOW timezone")).rows).toEqual([{ TimeZone: "Asia/Tokyo" }]);
    await a.query("ROLLBACK");
    expect((await a.query("SHOW timezone")).rows).toEqual([{ TimeZone: "UTC" }]);
  });

  it("keep what set_config has set at their beginning", async () => {
    const setLocal = "SELECT set_config('timezone', $1, true)";
    for (const end of ["ROLLBACK", "COMMIT"]) {
      await a.query("BEGIN");
      await a.query(setLocal, ["Asia/Tokyo"]);
      await a.query("SELECT set_config('application_name', 'b', false)");
      await a.query("UPDATE item SET n = 0 WHERE id = 5");
      await b.query("BEGIN");
      await b.query("UPDATE item SET n = 1 WHERE id = 5");
      expect((await a.query("SHOW timezone")).rows).toEqual([{ TimeZone: "Asia/Tokyo" }]);
      await b.query("UPDATE item SET n = 2 WHERE id = 5");
      await a.query(end);
      await b.query("ROLLBACK");
    }
    expect((await a.query("SHOW timezone")).rows).toEqual([{ TimeZone: "UTC" }]);
    expect((await a.query("SHOW application_name")).rows).toEqual([{ application_name: "b" }]);
  });
});
