import { type DatabaseConnection, Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { DsqlDialect } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const { local, open } = useLocalDatabase();

describe("hooks", () => {
  it("are called for each new connection and for each use", async () => {
    const calls: string[] = [];
    const { db } = open({
      max: 1,
      onCreateConnection: async () => void calls.push("create"),
      onReserveConnection: async () => void calls.push("reserve"),
    });
    await sql`select 1`.execute(db);
    await sql`select 1`.execute(db);
    expect(calls).toEqual(["create", "reserve", "reserve"]);
  });

  it("may use the connection", async () => {
    const names: unknown[] = [];
    const onReserveConnection = async (connection: DatabaseConnection) => {
      const { rows } = await connection.executeQuery<{ role: string }>(
        sql<{ role: string }>`select current_user as role`.compile(db),
      );
      names.push(rows[0]?.role);
    };
    const { db } = open({ onReserveConnection });
    await sql`select 1`.execute(db);
    expect(names).toEqual(["admin"]);
  });

  it("that throw reach the caller, and the connection is not lost to the pool", async () => {
    const broken = new Error("not today");
    let fails = true;
    const hook = async () => {
      if (fails) throw broken;
    };
    for (const options of [{ onCreateConnection: hook }, { onReserveConnection: hook }]) {
      fails = true;
      const { db, pool } = open({ max: 1, ...options });
      for (let turn = 0; turn < 3; turn++) await expect(sql`select 1`.execute(db)).rejects.toBe(broken);
      expect(pool.stats.total).toBe(0);
      fails = false;
      await sql`select 1`.execute(db);
      expect(pool.stats.total).toBe(1);
    }
  });
});

describe("stream", () => {
  const numbers = (db: ReturnType<typeof open>["db"]) =>
    db
      .selectFrom(sql<{ n: number }>`generate_series(1, 100)`.as("numbers"))
      .select(sql<number>`numbers`.as("n"));

  it("reads in chunks, and inside a transaction too", async () => {
    const { db, pool } = open({ max: 1 });
    const seen: number[] = [];
    for await (const { n } of numbers(db).stream(7)) seen.push(n);
    expect(seen).toHaveLength(100);
    await db.transaction().execute(async (trx) => {
      for await (const { n } of numbers(trx).stream(60)) seen.push(n);
    });
    expect(seen).toHaveLength(200);
    expect(pool.stats.connectionsOpened).toBe(1);
  });

  it("releases the connection when the reader stops early, or throws", async () => {
    const { db, pool } = open({ max: 1 });
    for await (const { n } of numbers(db).stream(10)) if (n === 5) break;
    const mine = new Error("enough");
    const reading = (async () => {
      for await (const _ of numbers(db).stream(10)) throw mine;
    })();
    await expect(reading).rejects.toBe(mine);
    await sql`select 1`.execute(db);
    expect(pool.stats.connectionsOpened).toBe(1);
  });

  it("rejects with the server's error, at the first row and later", async () => {
    const { db, pool } = open({ max: 1 });
    for (const divisor of [sql`0`, sql`50 - n`]) {
      const reading = (async () => {
        const query = db
          .selectFrom(sql<{ n: number }>`(select generate_series(1, 100) as n)`.as("numbers"))
          .select(sql<number>`1 / (${divisor})`.as("n"));
        for await (const _ of query.stream(10));
      })();
      await expect(reading).rejects.toMatchObject({ code: "22012" });
    }
    await sql`select 1`.execute(db);
    expect(pool.stats.connectionsOpened).toBe(1);
  });

  it("ends with an error, and does not hang, when the connection is lost while rows are read", async () => {
    const { db } = open({ max: 1 });
    const lose = async () => {
      await local().endpoints[0]?.takeAway();
      await local().endpoints[0]?.bringBack();
    };
    const reading = (async () => {
      for await (const { n } of numbers(db).stream(10)) if (n === 15) await lose();
    })();
    await expect(reading).rejects.toThrow();
    const leaving = (async () => {
      for await (const { n } of numbers(db).stream(10)) {
        if (n !== 15) continue;
        await lose();
        break;
      }
    })();
    await leaving;
    await sql`select 1`.execute(db);
  });

  it("says what it needs where there is no cursor, and refuses a chunk size that is none", async () => {
    const read = async (db: ReturnType<typeof open>["db"], chunkSize: number) => {
      for await (const _ of numbers(db).stream(chunkSize));
    };
    await expect(read(open({ cursor: undefined }).db, 10)).rejects.toThrow(/pg-cursor/);
    await expect(read(open().db, 0)).rejects.toThrow(/chunkSize/);
  });
});

describe("destroy", () => {
  it("ends the pool, a given one too, and can be called again", async () => {
    const { db, pool } = open();
    await sql`select 1`.execute(db);
    await db.destroy();
    await db.destroy();
    expect(pool.ended).toBe(true);
    await expect(sql`select 1`.execute(db)).rejects.toThrow(/destroyed/);
  });

  it("leaves a given pool alone that Kysely never used", async () => {
    const { db, pool } = open();
    await db.destroy();
    expect(pool.ending).toBe(false);
  });
});

describe("a dialect that opens its own pool", () => {
  const nameOf = async (dialect: DsqlDialect) => {
    const db = new Kysely<object>({ dialect });
    try {
      const { rows } = await sql<{
        name: string;
      }>`select current_setting('application_name') as name`.execute(db);
      return rows[0]?.name.split("/")[0];
    } finally {
      await db.destroy();
    }
  };

  it("calls itself kysely, unless the options or the connection string have another prefix", async () => {
    const { connection, connectionString, credentials } = local();
    expect(await nameOf(new DsqlDialect({ ...connection }))).toBe("kysely:aurora-dsql-ts");
    expect(await nameOf(new DsqlDialect({ ...connection, ormPrefix: "bank" }))).toBe("bank:aurora-dsql-ts");
    const inString = `${connectionString}&ormPrefix=shop`;
    expect(await nameOf(new DsqlDialect({ connectionString: inString, credentials }))).toBe(
      "shop:aurora-dsql-ts",
    );
  });
});
