import { sql } from "kysely";
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres";
import { describe, expect, it } from "vitest";
import { useZoo } from "./zoo.ts";

const { same, db } = useZoo();

describe("select from several tables", () => {
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

  it("joins laterally from the left, where the outer row only filters", async () => {
    const rows = await same((db) =>
      db
        .selectFrom("person")
        .leftJoinLateral(
          (eb) =>
            eb.selectFrom("pet").select("name").whereRef("owner_id", "=", "person.id").limit(1).as("first"),
          (join) => join.onTrue(),
        )
        .select(["person.id", "first.name"])
        .where("person.id", "in", [1, 4])
        .orderBy("person.id")
        .execute(),
    );
    expect(rows).toEqual([
      { id: 1, name: "Catto" },
      { id: 4, name: null },
    ]);
  });

  it("rejects with DSQL's own error for a left lateral join that selects from the outer row", async () => {
    const refused = db()
      .selectFrom("person")
      .leftJoinLateral(
        (eb) =>
          eb.selectFrom("pet").select("person.first_name").whereRef("owner_id", "=", "person.id").as("owner"),
        (join) => join.onTrue(),
      )
      .select(["person.id", "owner.first_name"])
      .execute();
    await expect(refused).rejects.toMatchObject({ code: "42804" });
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
});
