import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useZoo } from "./zoo.ts";

const { same } = useZoo();

describe("select", () => {
  it("picks columns, aliases, expressions and everything", async () => {
    const rows = await same((db) =>
      db
        .selectFrom("person as p")
        .select(["p.id", "first_name as name"])
        .select((eb) => [
          eb("children", "*", 2).as("twice"),
          eb.fn<string>("upper", ["last_name"]).as("upper"),
        ])
        .orderBy("p.id")
        .execute(),
    );
    expect(rows[1]).toEqual({ id: 2, name: "Arnold", twice: 10, upper: "SCHWARZENEGGER" });
    await same((db) => db.selectFrom("person").selectAll().orderBy("id").execute());
    await same((db) => db.selectFrom("pet").selectAll("pet").distinct().orderBy("id").execute());
  });

  it("filters by every kind of condition", async () => {
    const ids = await same(async (db) => {
      const person = db.selectFrom("person").select("id").orderBy("id");
      return Promise.all([
        person.where("last_name", "is", null).execute(),
        person.where("id", "in", [1, 3]).execute(),
        person.where("first_name", "like", "%er").execute(),
        person.where("first_name", "ilike", "ARN%").execute(),
        person
          .where((eb) =>
            eb.or([eb("id", "=", 1), eb.and([eb("children", ">", 4), eb.not(eb("id", "=", 2))])]),
          )
          .execute(),
        person.where((eb) => eb.between("id", 2, 3)).execute(),
        person
          .where(({ exists, selectFrom }) =>
            exists(selectFrom("pet").select("pet.id").whereRef("pet.owner_id", "=", "person.id")),
          )
          .execute(),
        person.where("id", "=", sql<number>`any(${[2, 4]}::int[])`).execute(),
        person.where(sql<boolean>`(first_name, last_name) = (${"Jennifer"}, ${"Aniston"})`).execute(),
      ]);
    });
    expect(ids.map((rows) => rows.map((row) => row.id))).toEqual([
      [4],
      [1, 3],
      [1, 3, 4],
      [2],
      [1, 3],
      [2, 3],
      [1, 2],
      [2, 4],
      [1],
    ]);
  });

  it("orders, limits, offsets, fetches and takes one of each", async () => {
    await same((db) =>
      db
        .selectFrom("person")
        .select("id")
        .orderBy("last_name", (order) => order.desc().nullsLast())
        .limit(2)
        .offset(1)
        .execute(),
    );
    await same((db) => db.selectFrom("person").select("id").orderBy("id").fetch(2).execute());
    await same((db) =>
      db
        .selectFrom("person")
        .distinctOn("gender")
        .select(["gender", "id"])
        .orderBy("gender")
        .orderBy("id")
        .execute(),
    );
    await same((db) => db.selectFrom("person").select("id").where("id", "=", 99).executeTakeFirst());
    await expect(
      same((db) => db.selectFrom("person").select("id").where("id", "=", 99).executeTakeFirstOrThrow()),
    ).rejects.toThrow("no result");
  });

  it("locks rows as DSQL does: for update and for key share", async () => {
    for (const lock of ["forUpdate", "forKeyShare"] as const) {
      const rows = await same((db) =>
        db
          .transaction()
          .execute((trx) => trx.selectFrom("person").select("id").where("id", "=", 1)[lock]().execute()),
      );
      expect(rows).toEqual([{ id: 1 }]);
    }
  });

  it("has case, coalesce, dynamic references, raw SQL and explain", async () => {
    await same((db) =>
      db
        .selectFrom("person")
        .select((eb) => [
          eb
            .case()
            .when("children", ">", 3)
            .then("many")
            .when("children", "=", 0)
            .then("none")
            .else("some")
            .end()
            .as("family"),
          eb.fn.coalesce("last_name", eb.val("-")).as("last"),
        ])
        .orderBy(db.dynamic.ref<"id">("person.id"))
        .execute(),
    );
    await same(
      async (db) =>
        (await sql`select ${sql.ref("first_name")} from ${sql.table("person")} where id = ${3}`.execute(db))
          .rows,
    );
    await same(
      async (db) =>
        (await sql`select ${sql.lit("a'b")} as lit, ${sql.join([1, 2])} `.execute(db)).rows.length,
    );
    const plan = await same((db) =>
      db
        .selectFrom("person")
        .select("id")
        .explain("json")
        .then((rows) => rows.length),
    );
    expect(plan).toBe(1);
  });
});
