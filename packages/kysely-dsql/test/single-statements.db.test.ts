import { CompiledQuery, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

describe("a single statement", () => {
  it("is run again after a conflict, within the limits of the pool's retry option", async () => {
    const { db } = open({ retry: { maxAttempts: 2, baseDelayMs: 1 } });
    const insert = (id: string) => db.insertInto("account").values({ id, owner: "Ada", balance: 1 });
    local().faults.conflictCommits(1, "OC001");
    await insert("single").execute();
    expect(local().faults.counts.conflict).toBe(1);
    local().faults.conflictCommits(2);
    await expect(insert("too often").execute()).rejects.toMatchObject({ attempts: 2 });
  });

  it("is not run again with autocommitRetry: false, nor in a transaction begun by plain SQL", async () => {
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

  it("is not run again where a text holds several", async () => {
    const { db } = open();
    local().faults.conflictCommits(1);
    const several = sql.raw("insert into account values ('several', 'Ada', 1); select 1").execute(db);
    await expect(several).rejects.toMatchObject({ code: "40001" });
    expect(await db.selectFrom("account").select("id").where("id", "=", "several").execute()).toEqual([]);
  });
});
