import { CompiledQuery, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

describe("a single statement", () => {
  it("is retried after a conflict, within the limits of the pool's retry option", async () => {
    const { db } = open({ retry: { maxAttempts: 2, baseDelayMs: 1 } });
    const insert = (id: string) => db.insertInto("account").values({ id, owner: "Ada", balance: 1 });
    local().faults.conflictCommits(1, "OC001");
    await insert("single").execute();
    expect(local().faults.counts.conflict).toBe(1);
    local().faults.conflictCommits(2);
    await expect(insert("too often").execute()).rejects.toMatchObject({ attempts: 2 });
  });

  it("is not retried with autocommitRetry: false, nor in a transaction begun by plain SQL", async () => {
    const { db } = open({ autocommitRetry: false });
    local().faults.conflictCommits(1);
    const insert = db.insertInto("account").values({ id: "once", owner: "Ada", balance: 1 }).execute();
    await expect(insert).rejects.toMatchObject({ code: "40001" });
    const { db: retrying } = open();
    await retrying.connection().execute(async (connection) => {
      await sql`begin`.execute(connection);
      await connection.insertInto("account").values({ id: "once", owner: "Ada", balance: 1 }).execute();
      local().faults.conflictCommits(1);
      await expect(connection.executeQuery(CompiledQuery.raw("commit"))).rejects.toMatchObject({
        code: "40001",
      });
    });
  });

  it("returns the rows of the last one where plain SQL holds several", async () => {
    const { db } = open();
    const last = await sql<{ two: number }>`select 1 as one; select 2 as two`.execute(db);
    expect(last.rows).toEqual([{ two: 2 }]);
    const changed = await sql.raw("select 1; update account set balance = 7 where id = 'single'").execute(db);
    expect(changed).toEqual({ rows: [], numAffectedRows: 1n });
    expect((await sql.raw("update account set balance = 8; select 1 as one").execute(db)).rows).toEqual([
      { one: 1 },
    ]);
  });
});

describe("a stream", () => {
  const seen = async (rows: AsyncIterable<{ id: string }>) => {
    const ids: string[] = [];
    for await (const { id } of rows) ids.push(id);
    return ids;
  };

  it("is retried where the schema has changed before its first chunk", async () => {
    const { db } = open({ max: 1 });
    const { db: other } = open({ max: 1 });
    const all = () => db.selectFrom("account").select("id").orderBy("id");
    const ids = (await all().execute()).map((row) => row.id);
    await other.schema.alterTable("account").addColumn("note", "text").execute();
    expect(await seen(all().stream(1))).toEqual(ids);
    await other.schema.alterTable("account").dropColumn("note").execute();
    const { db: without } = open({ max: 1, autocommitRetry: false });
    await without.selectFrom("account").select("id").execute();
    await other.schema.alterTable("account").addColumn("note", "text").execute();
    await expect(seen(without.selectFrom("account").select("id").stream(1))).rejects.toMatchObject({
      code: "40001",
    });
    await other.schema.alterTable("account").dropColumn("note").execute();
  });

  it("is not retried inside a transaction", async () => {
    const { db } = open({ max: 1 });
    const { db: other } = open({ max: 1 });
    const streaming = db.transaction().execute(async (trx) => {
      await trx.selectFrom("account").select("id").execute();
      await other.schema.alterTable("account").addColumn("note", "text").execute();
      return await seen(trx.selectFrom("account").select("id").stream(1));
    });
    await expect(streaming).rejects.toMatchObject({ code: "40001" });
    await other.schema.alterTable("account").dropColumn("note").execute();
  });
});
