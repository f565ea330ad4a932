import { AsyncJobFailedError } from "dsql-core";
import { CamelCasePlugin, type Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { addConstraintNotValid, validateConstraint, waitForJob } from "../src/index.ts";
import { type Database, useLocalDatabase } from "./local-database.ts";

const { open } = useLocalDatabase();

async function isValid(db: Kysely<Database>, index: string): Promise<boolean | undefined> {
  const { rows } = await sql<{ valid: boolean }>`
    select i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname = ${index}
  `.execute(db);
  return rows[0]?.valid;
}

describe("createIndex", () => {
  it("returns the id of its job, which can be waited for", async () => {
    const { db } = open();
    const build = await db.executeQuery(db.schema.createIndex("by_owner").on("account").column("owner"));
    expect(build.rows).toEqual([{ job_id: expect.stringMatching(/^[a-z0-9]{26}$/) }]);
    await waitForJob(db, build);
    await waitForJob(db, (build.rows[0] as { job_id: string }).job_id);
    expect(await isValid(db, "by_owner")).toBe(true);
  });

  it("waits by itself with waitForIndexes, also where the index exists already", async () => {
    const { db } = open({ waitForIndexes: true });
    const index = db.schema.createIndex("by_balance").ifNotExists().on("account").column("balance");
    await index.execute();
    expect(await isValid(db, "by_balance")).toBe(true);
    await waitForJob(db, await db.executeQuery(index));
  });

  it("is one statement of a transaction, where nothing waits", async () => {
    const { db } = open({ waitForIndexes: true });
    const build = await db
      .transaction()
      .execute((trx) =>
        trx.executeQuery(trx.schema.createIndex("by_both").on("account").columns(["owner", "balance"])),
      );
    await waitForJob(db, build);
    expect(await isValid(db, "by_both")).toBe(true);
  });

  it("rejects where the build failed", async () => {
    const { db } = open({ waitForIndexes: true });
    const owner = "twice";
    await db
      .insertInto("account")
      .values([
        { id: "first", owner, balance: 1 },
        { id: "second", owner, balance: 1 },
      ])
      .execute();
    const build = db.schema.createIndex("unique_owner").unique().on("account").column("owner").execute();
    await expect(build).rejects.toThrow(AsyncJobFailedError);
    await db.schema.dropIndex("unique_owner").execute();
  });
});

describe("waitForJob", () => {
  it("reports a failed job as failed under CamelCasePlugin too", async () => {
    const db = open().db.withPlugin(new CamelCasePlugin());
    await sql`insert into account values ('c1', 'same', 1), ('c2', 'same', 1)`.execute(db);
    const build = await db.executeQuery(
      db.schema.createIndex("camelUnique").unique().on("account").column("owner"),
    );
    expect(Object.keys(build.rows[0] as object)).toEqual(["jobId"]);
    await expect(waitForJob(db, build)).rejects.toThrow(AsyncJobFailedError);
    await db.schema.dropIndex("camelUnique").execute();
    const index = await db.executeQuery(db.schema.createIndex("camelOwner").on("account").column("owner"));
    await waitForJob(db, index);
    expect(await isValid(db, "camel_owner")).toBe(true);
  });

  it("refuses a result that has rows and no job id", async () => {
    const { db } = open();
    await expect(waitForJob(db, await sql`select 1 as one`.execute(db))).rejects.toMatchObject({
      code: "DSQL_CONFIG",
    });
  });

  it("waits under CamelCasePlugin for the validation of a constraint", async () => {
    const db = open().db.withPlugin(new CamelCasePlugin());
    const check = db.schema.alterTable("account").addCheckConstraint("richEnough", sql`balance > 1000`);
    await addConstraintNotValid(db, check);
    await expect(validateConstraint(db, "account", "richEnough")).rejects.toThrow(AsyncJobFailedError);
    await db.schema.alterTable("account").dropConstraint("richEnough").execute();
  });

  it("refuses what is no job id before anything is sent", async () => {
    const { db, pool } = open();
    await expect(waitForJob(db, "'); drop table account; --")).rejects.toThrow(/not the id of a DSQL job/);
    expect(pool.stats.connectionsOpened).toBe(0);
  });
});
