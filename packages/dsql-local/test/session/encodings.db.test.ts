import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { encodingRefusal } from "../../src/rules/parameters.ts";
import { terminated } from "../../src/wire/client-encoding.ts";
import { execute, query, sync } from "../../src/wire/frontend-messages.ts";
import { Frontend } from "../../src/wire/message-types.ts";
import { int16, int32, message } from "../../src/wire/message-writer.ts";
import { connect } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";

let dsql: LocalDsql;
let latin: RawClient;
let other: RawClient;

beforeAll(async () => {
  dsql = await startLocalDsql();
  const client = await connect(dsql);
  await client.query("CREATE TABLE word (id int PRIMARY KEY, w text UNIQUE, note text)");
  await client.query("CREATE TABLE loose (w text)");
  await client.end();
});
afterAll(() => dsql?.stop());
beforeEach(async () => {
  [latin, other] = [await RawClient.open(dsql), await RawClient.open(dsql)];
  await latin.exchange(query("SET client_encoding TO 'LATIN1'"));
});
afterEach(async () => {
  await other.exchange(query("ROLLBACK"));
  await other.exchange(query("DELETE FROM word"));
  await other.exchange(query("DELETE FROM loose"));
  latin.close();
  other.close();
});

const latinQuery = (sql: string): Buffer => message(Frontend.Query, terminated(sql, "latin1"));

/** A query in the extended protocol, with one text parameter. */
function latinParameters(sql: string, value: string): Buffer[] {
  const bytes = Buffer.from(value, "latin1");
  return [
    message(Frontend.Parse, terminated("", "latin1"), terminated(sql, "latin1"), int16(0)),
    message(Frontend.Bind, "", "", int16(0), int16(1), int32(bytes.length), bytes, int16(0)),
    execute(""),
    sync,
  ];
}

const stored = (client: RawClient): Promise<string[]> =>
  client.exchange(query("SELECT id, w, note FROM word ORDER BY id"));

describe("a client that is not of UTF-8", () => {
  it("stores what it writes, in both protocols, as literals and as parameters", async () => {
    expect(await latin.exchange(latinQuery("INSERT INTO word VALUES (1, 'café', 'ÿ')"))).toContain(
      "INSERT 0 1",
    );
    const insert = latinParameters("INSERT INTO word VALUES (2, $1, 'über')", "naïve");
    expect(await latin.exchange(...insert)).toContain("INSERT 0 1");
    expect(await stored(other)).toEqual(["T", "1,café,ÿ", "2,naïve,über", "SELECT 2", "ZI"]);
    expect(await latin.exchange(latinQuery("SELECT id FROM word WHERE w = 'café' FOR UPDATE"))).toContain(
      "1",
    );
    expect(
      await latin.exchange(...latinParameters("SELECT id FROM word WHERE w = $1 AND note <> 'é'", "naïve")),
    ).toContain("2");
  });

  it("keeps every value when another session takes its locks away", async () => {
    await other.exchange(query("INSERT INTO word VALUES (1, 'žluť', '日本 𝒳')"));
    await latin.exchange(query("BEGIN"));
    await latin.exchange(latinQuery("INSERT INTO word VALUES (2, 'café', 'é')"));
    await latin.exchange(latinQuery("INSERT INTO loose VALUES ('ñ')"));
    await latin.exchange(latinQuery("SELECT set_config('application_name', 'x', true)"));
    expect(await latin.exchange(query("UPDATE word SET id = id WHERE id = 1"))).toContain("UPDATE 1");
    await other.exchange(query("BEGIN"));
    await other.exchange(query("UPDATE word SET note = 'taken'"));
    await other.exchange(query("ROLLBACK"));
    expect(await latin.exchange(query("COMMIT"))).toContain("COMMIT");
    expect(await stored(other)).toEqual(["T", "1,žluť,日本 𝒳", "2,café,é", "SELECT 2", "ZI"]);
    expect(await other.exchange(query("SELECT w FROM loose"))).toContain("ñ");
  });

  it("goes on to COMMIT when it loses, and names rows as others do", async () => {
    await other.exchange(query("INSERT INTO word VALUES (1, 'žluť', '日本')"));
    await latin.exchange(query("BEGIN"));
    await latin.exchange(latinQuery("INSERT INTO word VALUES (2, 'café', 'é')"));
    await other.exchange(query("INSERT INTO word VALUES (3, 'café', 'other')"));
    expect(await latin.exchange(latinQuery("SELECT count(*) FROM word WHERE w = 'café'"))).toContain("1");
    expect(await latin.exchange(latinQuery("UPDATE word SET note = 'ü' WHERE w = 'café'"))).toContain(
      "UPDATE 1",
    );
    expect(await latin.exchange(query("COMMIT"))).toEqual(["40001", "ZI"]);
    expect(await stored(other)).toEqual(["T", "1,žluť,日本", "3,café,other", "SELECT 2", "ZI"]);
  });

  it("is refused an encoding whose characters hold ASCII bytes", async () => {
    expect(await other.exchange(query("SET client_encoding TO 'Shift_JIS'"))).toEqual(["0A000", "ZI"]);
    expect(await other.exchange(query("SET NAMES 'gbk'"))).toEqual(["0A000", "ZI"]);
    expect(await other.exchange(query("SELECT set_config('client_encoding', 'BIG' || 5, false)"))).toContain(
      "0A000",
    );
    expect(encodingRefusal("windows-932")).toBe("client_encoding SJIS is not supported");
  });
});

describe("bytes that are not UTF-8", () => {
  it("are refused as PostgreSQL refuses them, and never stored as something else", async () => {
    const insert = (value: string): Buffer => latinQuery(`INSERT INTO word VALUES (1, '${value}', '')`);
    expect(await other.exchange(insert("caf\xe9"))).toEqual(["22021", "ZI"]);
    expect(
      await other.exchange(...latinParameters("INSERT INTO word VALUES (1, 'caf\xe9', $1)", "x")),
    ).toEqual(["22021", "ZI"]);
    await other.exchange(query("BEGIN"));
    expect(await other.exchange(insert("caf\xe9"))).toEqual(["22021", "ZE"]);
    expect(await other.exchange(query("COMMIT"))).toEqual(["ROLLBACK", "ZI"]);
    expect(await stored(other)).toEqual(["T", "SELECT 0", "ZI"]);
  });
});
