import { sql } from "kysely";
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres";
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

  it("joins, inner, left, right, full and lateral", async () => {
    await same((db) =>
      db
        .selectFrom("person")
        .innerJoin("pet", "pet.owner_id", "person.id")
        .select(["first_name", "pet.name"])
        .orderBy("pet.id")
        .execute(),
    );
    const left = await same((db) =>
      db
        .selectFrom("person")
        .leftJoin("pet", (join) => join.onRef("pet.owner_id", "=", "person.id").on("pet.species", "=", "dog"))
        .select(["person.id", "pet.name"])
        .orderBy("person.id")
        .orderBy("pet.id")
        .execute(),
    );
    expect(left.map((row) => row.name)).toEqual([null, "Doggo", "Rex", null, null]);
    await same((db) =>
      db
        .selectFrom("pet")
        .rightJoin("person", "pet.owner_id", "person.id")
        .select(["first_name", "name"])
        .orderBy("person.id")
        .orderBy("pet.id")
        .execute(),
    );
    await same((db) =>
      db
        .selectFrom("pet")
        .fullJoin("person", "pet.owner_id", "person.id")
        .select(["first_name", "name"])
        .orderBy("person.id")
        .orderBy("pet.id")
        .execute(),
    );
    await same((db) =>
      db
        .selectFrom("person")
        .innerJoinLateral(
          (eb) =>
            eb
              .selectFrom("pet")
              .select("name")
              .whereRef("owner_id", "=", "person.id")
              .orderBy("pet.id")
              .limit(1)
              .as("first"),
          (join) => join.onTrue(),
        )
        .select(["first_name", "first.name"])
        .orderBy("person.id")
        .execute(),
    );
  });

  it("groups, counts, filters groups and uses windows", async () => {
    const grouped = await same((db) =>
      db
        .selectFrom("person")
        .innerJoin("pet", "pet.owner_id", "person.id")
        .select(({ fn }) => [
          "first_name",
          fn.count<string>("pet.id").as("pets"),
          fn.max("pet.name").as("last"),
          fn.agg<string[]>("array_agg", ["pet.name"]).orderBy("pet.name").as("names"),
          fn.countAll<string>().filterWhere("species", "=", "dog").as("dogs"),
        ])
        .groupBy("person.id")
        .having((eb) => eb.fn.count("pet.id"), ">", 1)
        .execute(),
    );
    expect(grouped).toEqual([
      { first_name: "Arnold", pets: "2", last: "Rex", names: ["Doggo", "Rex"], dogs: "2" },
    ]);
    await same((db) =>
      db
        .selectFrom("person")
        .select(({ fn }) => [
          "id",
          fn
            .agg<string>("row_number")
            .over((over) => over.partitionBy("gender").orderBy("id", "desc"))
            .as("rank"),
          fn.sum("children").over().as("total"),
        ])
        .orderBy("id")
        .execute(),
    );
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

  it("combines with union, intersect, except, subqueries and common table expressions", async () => {
    await same((db) =>
      db
        .selectFrom("person")
        .select(["first_name as name"])
        .union(db.selectFrom("pet").select("name"))
        .except(db.selectFrom("pet").select("name").where("species", "=", "cat"))
        .orderBy("name")
        .execute(),
    );
    await same((db) =>
      db
        .with("dogs", (q) => q.selectFrom("pet").selectAll().where("species", "=", "dog"))
        .with("owners(owner)", (q) => q.selectFrom("dogs").select("owner_id as owner").distinct())
        .selectFrom("person")
        .select([
          "first_name",
          (eb) => eb.selectFrom("owners").select(eb.fn.countAll<string>().as("n")).as("owners"),
        ])
        .where("id", "in", (eb) => eb.selectFrom("owners").select("owner"))
        .execute(),
    );
    const counted = await same((db) =>
      db
        .withRecursive("count(n)", (q) =>
          q
            .selectNoFrom(sql<number>`1`.as("n"))
            .unionAll((inner) =>
              inner.selectFrom("count").select(sql<number>`n + 1`.as("n")).where("n", "<", 4),
            ),
        )
        .selectFrom("count")
        .selectAll()
        .execute(),
    );
    expect(counted).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
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

  it("builds JSON and reads into it", async () => {
    const people = await same((db) =>
      db
        .selectFrom("person")
        .select((eb) => [
          "id",
          jsonArrayFrom(
            eb
              .selectFrom("pet")
              .select(["pet.name", "pet.toys"])
              .whereRef("owner_id", "=", "person.id")
              .orderBy("pet.id"),
          ).as("pets"),
          jsonObjectFrom(
            eb
              .selectFrom("pet")
              .select("name")
              .whereRef("owner_id", "=", "person.id")
              .orderBy("pet.id")
              .limit(1),
          ).as("pet"),
          jsonBuildObject({ first: eb.ref("first_name"), last: eb.ref("last_name") }).as("name"),
        ])
        .where("id", "=", 2)
        .execute(),
    );
    expect(people).toEqual([
      {
        id: 2,
        pets: [
          { name: "Doggo", toys: ["ball"] },
          { name: "Rex", toys: ["ball"] },
        ],
        pet: { name: "Doggo" },
        name: { first: "Arnold", last: "Schwarzenegger" },
      },
    ]);
    await same((db) =>
      db
        .selectFrom("pet")
        .select((eb) =>
          eb
            .ref("toys", "->>")
            .at(0 as never)
            .as("toy"),
        )
        .orderBy("id")
        .execute(),
    );
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
