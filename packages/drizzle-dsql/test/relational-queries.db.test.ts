import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drizzle } from "../src/index.ts";
import { LIBRARY_ROWS, LIBRARY_TABLES } from "./support/library.ts";
import { joinedInside, type Library, sentAsBuilt } from "./support/library-queries.ts";
import { schema } from "./support/library-schema.ts";
import { type PlainPostgres, startPlainPostgres } from "./support/plain-postgres.ts";
import { Texts } from "./support/texts.ts";

let dsql: LocalDsql;
let plain: PlainPostgres;
let pool: DsqlPool;
let ours: Library;
let installed: Library;
const oursSends = new Texts();
const installedSends = new Texts();

beforeAll(async () => {
  [dsql, plain] = await Promise.all([startLocalDsql(), startPlainPostgres()]);
  pool = new DsqlPool(dsql.connection);
  for (const statement of [...LIBRARY_TABLES, ...LIBRARY_ROWS]) {
    await plain.client.query(statement);
    await pool.query(statement);
  }
  ours = drizzle(pool, { schema, logger: oursSends });
  installed = installedDrizzle(plain.client, { schema, logger: installedSends });
});

afterAll(async () => {
  await pool?.end();
  await Promise.all([dsql?.stop(), plain?.stop()]);
});

/** Runs the query on both, and leaves in the loggers what it sent. */
async function expectSameRows(run: (db: Library) => Promise<unknown>): Promise<void> {
  oursSends.take();
  installedSends.take();
  const expected = await run(installed);
  expect(expected).toBeInstanceOf(Object);
  expect(await run(ours)).toEqual(expected);
}

describe("a relational query returns on DSQL what drizzle-orm returns on PostgreSQL", () => {
  for (const [title, run] of Object.entries(sentAsBuilt)) {
    it(`for ${title}, sent as drizzle-orm builds it`, async () => {
      await expectSameRows(run);
      expect(oursSends.take()).toEqual(installedSends.take());
    });
  }

  for (const [title, run] of Object.entries(joinedInside)) {
    it(`for ${title}, joined by INNER JOIN LATERAL`, async () => {
      await expectSameRows(run);
      expect(oursSends.take().join()).toContain("inner join lateral");
    });
  }

  it("where DSQL refuses what drizzle-orm builds", async () => {
    const unchanged: Library = installedDrizzle(pool, { schema });
    const refused = joinedInside["extras of a many relation that name the outer row"]?.(unchanged);
    await expect(refused).rejects.toMatchObject({
      cause: { code: "42804", message: "attribute 1 of type books has wrong type" },
    });
  });

  it("inside a transaction too", async () => {
    for (const run of Object.values({ ...sentAsBuilt, ...joinedInside })) {
      expect(await ours.transaction(async (tx) => await run(tx))).toEqual(await run(installed));
    }
  });
});
