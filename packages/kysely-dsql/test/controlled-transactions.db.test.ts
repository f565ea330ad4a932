import { CommitOutcomeUnknownError } from "dsql-core";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

describe("startTransaction()", () => {
  it("commits, or rolls back", async () => {
    const { db } = open();
    const kept = await db.startTransaction().execute();
    await kept.insertInto("account").values({ id: "kept", owner: "Ada", balance: 1 }).execute();
    await kept.commit().execute();
    const undone = await db.startTransaction().setAccessMode("read write").execute();
    await undone.insertInto("account").values({ id: "undone", owner: "Ada", balance: 1 }).execute();
    await undone.rollback().execute();
    const ids = await db.selectFrom("account").select("id").where("id", "in", ["kept", "undone"]).execute();
    expect(ids).toEqual([{ id: "kept" }]);
    expect([kept.isCommitted, undone.isRolledBack]).toEqual([true, true]);
  });

  it("releases its connection when COMMIT meets a conflict, without a call of rollback", async () => {
    const { db, pool } = open({ max: 1 });
    const trx = await db.startTransaction().execute();
    await trx.insertInto("account").values({ id: "lost", owner: "Ada", balance: 1 }).execute();
    local().faults.conflictCommits(1);
    await expect(trx.commit().execute()).rejects.toMatchObject({ code: "40001" });
    expect(await db.selectFrom("account").selectAll().where("id", "=", "lost").execute()).toEqual([]);
    expect(pool.stats.connectionsOpened).toBe(1);
    await expect(trx.selectFrom("account").selectAll().execute()).rejects.toThrow();
    await trx.rollback().execute();
    expect(pool.stats.idle).toBe(1);
  });

  it("releases its connection when it rolls back right after the failed COMMIT", async () => {
    const { db, pool } = open({ max: 1 });
    const trx = await db.startTransaction().execute();
    await trx.insertInto("account").values({ id: "lost too", owner: "Ada", balance: 1 }).execute();
    local().faults.conflictCommits(1);
    await trx
      .commit()
      .execute()
      .catch(() => trx.rollback().execute());
    await sql`select 1`.execute(db);
    expect(pool.stats).toMatchObject({ connectionsOpened: 1, total: 1, idle: 1 });
  });

  it("closes its connection when the outcome of COMMIT is unknown", async () => {
    const { db, pool } = open({ max: 1 });
    const trx = await db.startTransaction().execute();
    await trx.insertInto("account").values({ id: "unknown", owner: "Ada", balance: 1 }).execute();
    local().faults.cutConnection("after-commit");
    await expect(trx.commit().execute()).rejects.toThrow(CommitOutcomeUnknownError);
    expect(trx.isRolledBack).toBe(false);
    expect(await db.selectFrom("account").selectAll().where("id", "=", "unknown").execute()).toHaveLength(1);
    expect(pool.stats.connectionsOpened).toBe(2);
  });

  it("has no savepoints, and says so", async () => {
    const { db } = open();
    const trx = await db.startTransaction().execute();
    await expect(trx.savepoint("here").execute()).rejects.toThrow(/not supported/);
    await trx.rollback().execute();
  });
});
