import { DatabaseError, Pool, Query } from "pg";
import Cursor from "pg-cursor";
import { beforeEach, describe, expect, test } from "vitest";
import { CommitOutcomeUnknownError, DsqlTokenError } from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

describe("pool.query", () => {
  test("works like that of a pg.Pool, in every form", async () => {
    const db = database.pool({ max: 1 });
    expect(db).toBeInstanceOf(Pool);
    expect((await db.query("SELECT $1::int AS n", [1])).rows).toEqual([{ n: 1 }]);
    expect((await db.query({ text: "SELECT $1::int AS n", values: [2], rowMode: "array" })).rows).toEqual([
      [2],
    ]);
    expect((await db.query({ name: "three", text: "SELECT 3 AS n" })).rows).toEqual([{ n: 3 }]);
    const called = await new Promise((resolve) =>
      db.query("SELECT 4 AS n", (_error, { rows }) => resolve(rows)),
    );
    expect(called).toEqual([{ n: 4 }]);
    const submitted = await (db.query(new Query("SELECT 5 AS n")) as unknown as Promise<{ rows: unknown[] }>);
    expect(submitted.rows).toEqual([{ n: 5 }]);
    expect(db.stats).toMatchObject({ connectionsOpened: 1, tokensSigned: 1, total: 1, idle: 1 });
  });

  test("calls a statement object's own callback, and its connection is released", async () => {
    const db = database.pool({ max: 1 });
    for (const text of ["SELECT 6 AS n", "SELECT nonsense"]) {
      const called = new Promise((resolve) => {
        const callback = (error: Error | null, result?: { rows: unknown[] }) =>
          resolve(error ?? result?.rows);
        db.query(new Query(text, callback as never));
      });
      expect(await called).toEqual(text.endsWith("n") ? [{ n: 6 }] : expect.any(DatabaseError));
    }
    expect(db.stats).toMatchObject({ connectionsOpened: 1, idle: 1 });
  });

  test("refuses a cursor, which would keep its connection", async () => {
    const db = database.pool({ max: 1 });
    await expect(db.query(new Cursor("SELECT 1") as never)).rejects.toMatchObject({ code: "DSQL_CONFIG" });
    expect(db.stats.connectionsOpened).toBe(0);
  });

  test("accepts the same config object repeatedly, frozen or with its text behind a getter", async () => {
    const db = database.pool({ max: 1 });
    const client = await db.connect();
    class Statement {
      get text() {
        return "SELECT 1 AS one";
      }
    }
    for (const config of [new Statement(), Object.freeze({ text: "SELECT 1 AS one" })])
      for (let i = 0; i < 2; i++) expect((await client.query(config)).rows).toEqual([{ one: 1 }]);
    client.release();
  });

  test("keeps its connection open when a statement fails", async () => {
    const db = database.pool();
    for (let i = 0; i < 100; i++) {
      await expect(db.query("INSERT INTO counters VALUES (1, 1)")).rejects.toThrow(DatabaseError);
      await expect(db.query("SELECT $1::int", ["nonsense"])).rejects.toThrow(DatabaseError);
      await expect(db.query("SELECT $1", "no list" as never)).rejects.toThrow("must be an array");
    }
    const refuses = {
      toPostgres: () => {
        throw new Error("cannot be written");
      },
    };
    await expect(db.query("SELECT $1", [refuses])).rejects.toThrow("cannot be written");
    expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(db.stats.connectionsOpened).toBeLessThanOrEqual(2);
  });

  test("shows the caller in the stack of an error", async () => {
    const theCaller = async () => await database.pool().query("SELECT nonsense");
    await expect(theCaller()).rejects.toMatchObject({ stack: expect.stringMatching(/theCaller/) });
  });

  test.each(["OC000", "OC001"] as const)(
    "retries a statement that met %s, which DSQL rolled back in full",
    async (code) => {
      const retries: unknown[] = [];
      const db = database.pool({ retry: { onRetry: (event) => retries.push(event.occType) } });
      database.local.faults.conflictCommits(3, code);
      await db.query(increment);
      expect(await counted(database)).toBe(1);
      expect(retries).toEqual(Array(3).fill(code === "OC000" ? "data" : "schema"));
    },
  );

  test("retries no statement with autocommitRetry: false", async () => {
    database.local.faults.conflictCommits(1);
    await expect(database.pool({ autocommitRetry: false }).query(increment)).rejects.toMatchObject({
      code: "40001",
    });
    expect(database.local.faults.counts.conflict).toBe(1);
  });

  test("retries nothing that may have committed or returned rows before the conflict", async () => {
    const db = database.pool();
    database.local.faults.conflictCommits(1);
    await expect(db.query(`BEGIN; ${increment}; COMMIT`)).rejects.toMatchObject({ code: "40001" });
    database.local.faults.conflictCommits(1);
    const query = db.query(new Query(increment)) as unknown as Promise<unknown>;
    await expect(query).rejects.toMatchObject({ code: "40001" });
    expect(await counted(database)).toBe(0);
  });

  test("never retries a statement of undetermined outcome", async () => {
    database.local.faults.cutConnection("after-commit");
    await expect(database.pool().query(increment)).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await counted(database)).toBe(1);
  });

  test("works without credentials as long as a connection is open", async () => {
    let away = false;
    const credentials = async () => {
      if (away) throw new Error("the metadata service is away");
      return database.local.credentials;
    };
    const db = database.pool({ credentials, tokenDurationSecs: 1, max: 2 });
    const held = await db.connect();
    await db.query("SELECT 1");
    away = true;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (let i = 0; i < 10; i++) await db.query("SELECT 1");
    held.release();
    await db.drain();
    await expect(db.query("SELECT 1")).rejects.toThrow(DsqlTokenError);
    away = false;
    await db.query("SELECT 1");
  });
});
