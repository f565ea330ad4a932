import { ConnectionLostError, DsqlConfigError, DsqlPool, NestedTransactionError } from "dsql-core";
import { type IsolationLevel, Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { DsqlDialect, type DsqlDialectConfig, transactionWithRetry } from "../src/index.ts";
import { type Database, useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

describe("transaction()", () => {
  it("takes repeatable read, with either access mode", async () => {
    const { db } = open();
    for (const accessMode of ["read only", "read write"] as const) {
      const builder = db.transaction().setIsolationLevel("repeatable read").setAccessMode(accessMode);
      const mode = await builder.execute(
        async (trx) => (await sql<{ mode: string }>`show transaction_read_only`.execute(trx)).rows,
      );
      expect(mode).toEqual([{ transaction_read_only: accessMode === "read only" ? "on" : "off" }]);
    }
  });

  it("refuses every other isolation level before anything is sent, and keeps the connection", async () => {
    const { db, pool } = open({ max: 1 });
    const levels: IsolationLevel[] = ["read uncommitted", "read committed", "serializable", "snapshot"];
    for (const level of levels) {
      const refused = db
        .transaction()
        .setIsolationLevel(level)
        .execute(async () => "never");
      await expect(refused).rejects.toThrow(DsqlConfigError);
    }
    await sql`select 1`.execute(db);
    expect(pool.stats.connectionsOpened).toBe(1);
  });

  it("refuses a transaction inside one that was begun by plain SQL, which is unaffected", async () => {
    const { db, pool } = open({ max: 1 });
    await db.connection().execute(async (connection) => {
      await sql`begin`.execute(connection);
      await connection.insertInto("account").values({ id: "outer", owner: "Ada", balance: 1 }).execute();
      const inner = connection.transaction().execute(async () => "never");
      await expect(inner).rejects.toThrow(NestedTransactionError);
      await sql`commit`.execute(connection);
    });
    expect(await db.selectFrom("account").selectAll().where("id", "=", "outer").execute()).toHaveLength(1);
    expect(pool.stats.connectionsOpened).toBe(1);
  });

  it("cannot be used any more once it is over", async () => {
    const { db } = open({ max: 1 });
    const escaped = await db.transaction().execute(async (trx) => ({ trx }));
    await expect(sql`select 1`.execute(escaped.trx)).rejects.toThrow(/already committed/i);
  });

  it("runs again on the same connection inside connection()", async () => {
    const { db, pool } = open({ max: 1 });
    let runs = 0;
    await db.connection().execute(async (connection) => {
      local().faults.conflictCommits(2);
      await connection.transactionWithRetry(async (trx) => {
        runs++;
        await trx.insertInto("account").values({ id: "again", owner: "Ada", balance: 1 }).execute();
      });
    });
    expect(runs).toBe(3);
    expect(pool.stats.connectionsOpened).toBe(1);
  });
});

describe("inside connection()", () => {
  it("does not run a transaction again on a connection that is lost", async () => {
    const { db, pool } = open({ max: 1 });
    let retries = 0;
    const lost = db.connection().execute(async (connection) => {
      local().faults.cutConnection("in-statement");
      const work = (trx: Kysely<Database>) => trx.selectFrom("account").selectAll().execute();
      await connection.transactionWithRetry(work, { maxAttempts: 5, onRetry: () => retries++ });
    });
    await expect(lost).rejects.toThrow(ConnectionLostError);
    expect(retries).toBe(1);
    await sql`select 1`.execute(db);
    expect(pool.stats.connectionsOpened).toBe(2);
  });
});

describe("transactionWithRetry", () => {
  it("refuses to nest, as a method and as a function", async () => {
    const { db } = open();
    await db.transaction().execute(async (trx) => {
      const outer: Kysely<Database> = trx;
      await expect(outer.transactionWithRetry(async () => "never")).rejects.toThrow(NestedTransactionError);
      await expect(transactionWithRetry(outer, async () => "never")).rejects.toThrow(NestedTransactionError);
      await trx.insertInto("account").values({ id: "outermost", owner: "Ada", balance: 1 }).execute();
    });
    const found = await db.selectFrom("account").select("id").where("id", "=", "outermost").execute();
    expect(found).toEqual([{ id: "outermost" }]);
  });

  it("starts from the retry option of the pool, wherever the pool comes from", async () => {
    const options = { ...local().connection, retry: { maxAttempts: 2, baseDelayMs: 1 } };
    const configs: DsqlDialectConfig[] = [
      options,
      { pool: new DsqlPool(options) },
      { pool: async () => new DsqlPool(options) },
    ];
    for (const config of configs) {
      const db = new Kysely<Database>({ dialect: new DsqlDialect(config) });
      local().faults.clear();
      local().faults.conflictCommits(3);
      let runs = 0;
      const run = db.transactionWithRetry(async (trx) => {
        runs++;
        await trx.insertInto("account").values({ id: "never", owner: "Ada", balance: 1 }).execute();
      });
      await expect(run).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
      expect(runs).toBe(2);
      await db.destroy();
    }
  });

  it("calls the pool's telemetry for a retry, and the onRetry of the call", async () => {
    const heard: string[] = [];
    const { db } = open({ telemetry: { retry: () => heard.push("telemetry") } });
    local().faults.conflictCommits(1);
    await db.transactionWithRetry((trx) => trx.selectFrom("account").selectAll().execute(), {
      onRetry: () => heard.push("call"),
    });
    expect(heard).toEqual(["telemetry", "call"]);
  });

  it("keeps plugins and the schema of the instance it is called on", async () => {
    const { db } = open();
    const compiled = await db
      .withSchema("bank")
      .transactionWithRetry(async (trx) => trx.selectFrom("account").selectAll().compile());
    expect(compiled.sql).toBe('select * from "bank"."account"');
  });
});
