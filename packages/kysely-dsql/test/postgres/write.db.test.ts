import { CamelCasePlugin, DeduplicateJoinsPlugin, ParseJSONResultsPlugin, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useZoo, type ZooDb } from "./zoo.ts";

const { same, db: dsql } = useZoo();

const everyone = (db: ZooDb) => db.selectFrom("person").selectAll().orderBy("id").execute();

describe("insert", () => {
  it("inserts one row, many, from a query, and default values", async () => {
    await same(async (db) => {
      const one = await db
        .insertInto("person")
        .values({ id: 10, first_name: "Bruce", last_name: sql`upper(${"willis"})`, gender: "male" })
        .execute();
      const many = await db
        .insertInto("person")
        .values([11, 12].map((id) => ({ id, first_name: `Clone ${id}`, gender: "other" as const })))
        .executeTakeFirst();
      const copied = await db
        .insertInto("pet")
        .columns(["id", "name", "owner_id", "species"])
        .expression((eb) =>
          eb.selectFrom("pet").select([eb("id", "+", 100).as("id"), "name", "owner_id", "species"]),
        )
        .executeTakeFirst();
      return [one, many, copied, await everyone(db)];
    });
  });

  it("returns what it stored", async () => {
    const stored = await same((db) =>
      db
        .insertInto("person")
        .values({ id: 10, first_name: "Bruce", gender: "male" })
        .returning(["id", "children", "joined_at"])
        .executeTakeFirstOrThrow(),
    );
    expect(stored).toEqual({ id: 10, children: 0, joined_at: new Date("2020-01-01T00:00:00Z") });
    await same((db) =>
      db
        .insertInto("pet")
        .values({ id: 9, name: "Pip", owner_id: 1, species: "cat" })
        .returningAll()
        .execute(),
    );
  });

  it("does nothing or updates on a conflict", async () => {
    await same(async (db) => {
      const row = { id: 1, first_name: "Jenny", gender: "female" } as const;
      const insert = db.insertInto("person").values(row);
      const nothing = await insert
        .onConflict((conflict) => conflict.column("id").doNothing())
        .executeTakeFirst();
      const updated = await insert
        .onConflict((conflict) =>
          conflict
            .column("id")
            .doUpdateSet((eb) => ({ first_name: eb.ref("excluded.first_name"), children: 9 })),
        )
        .returningAll()
        .execute();
      return [nothing, updated, await everyone(db)];
    });
  });
});

describe("update", () => {
  it("sets values, expressions, and from another table", async () => {
    await same(async (db) => {
      const counted = await db
        .updateTable("person")
        .set({ children: 1, last_name: null })
        .where("id", "<", 3)
        .executeTakeFirst();
      expect(counted.numUpdatedRows).toBe(2n);
      const from = await db
        .updateTable("pet")
        .from("person")
        .set((eb) => ({ name: eb.fn<string>("concat", ["person.first_name", sql.lit("'s pet")]) }))
        .whereRef("pet.owner_id", "=", "person.id")
        .returning(["pet.id", "pet.name"])
        .execute();
      const single = await db
        .updateTable("person")
        .set("children", (eb) => eb("children", "+", 1))
        .where("id", "=", 4)
        .execute();
      return [counted, from.sort((a, b) => a.id - b.id), single, await everyone(db)];
    });
  });
});

describe("delete", () => {
  it("deletes by condition and by another table, and returns rows", async () => {
    await same(async (db) => {
      const using = await db
        .deleteFrom("pet")
        .using("person")
        .whereRef("pet.owner_id", "=", "person.id")
        .where("person.first_name", "=", "Arnold")
        .returning("pet.name")
        .execute();
      const counted = await db.deleteFrom("person").where("id", "in", [1, 2, 99]).executeTakeFirst();
      expect(counted.numDeletedRows).toBe(2n);
      return [using.map((row) => row.name).sort(), counted, await everyone(db)];
    });
  });

  it("deletes and inserts in one statement with a common table expression", async () => {
    await same(async (db) => {
      await db
        .with("moved", (q) => q.deleteFrom("pet").where("id", "=", 3).returningAll())
        .insertInto("pet")
        .expression((eb) =>
          eb
            .selectFrom("moved")
            .select([sql<number>`moved.id + 50`.as("id"), "name", "owner_id", "species", "toys"]),
        )
        .execute();
      return db.selectFrom("pet").selectAll().orderBy("id").execute();
    });
  });
});

describe("plugins", () => {
  it("work as they do elsewhere", async () => {
    await same(async (db) => [
      await db.withPlugin(new CamelCasePlugin()).selectFrom("person").selectAll().orderBy("id").execute(),
      await db.withPlugin(new ParseJSONResultsPlugin()).selectFrom("pet").selectAll().orderBy("id").execute(),
      await db
        .withPlugin(new DeduplicateJoinsPlugin())
        .selectFrom("person")
        .innerJoin("pet", "pet.owner_id", "person.id")
        .innerJoin("pet", "pet.owner_id", "person.id")
        .select("pet.name")
        .orderBy("pet.id")
        .execute(),
    ]);
  });
});

describe("errors", () => {
  it("of the server are pg's own, unchanged", async () => {
    const codes = await same(async (db) => {
      const failures = await Promise.allSettled([
        db.insertInto("person").values({ id: 1, first_name: "Again", gender: "other" }).execute(),
        db
          .insertInto("person")
          .values({ id: 50, first_name: null as never, gender: "other" })
          .execute(),
        db
          .selectFrom("nothing" as never)
          .selectAll()
          .execute(),
        sql`selec 1`.execute(db),
      ]);
      return failures.map((failure) => failure.status === "rejected" && failure.reason.code);
    });
    expect(codes).toEqual(["23505", "23502", "42P01", "42601"]);
  });

  it("reach Kysely's log with the query", async () => {
    const error = await sql`selec 1`.execute(dsql()).catch((thrown: Error) => thrown);
    expect((error as Error).stack).toContain("write.db.test.ts");
  });
});
