import { PrismaPg } from "@prisma/adapter-pg";
import { drizzle } from "drizzle-dsql";
import { eq } from "drizzle-orm";
import { drizzle as stockDrizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import type { DsqlPool } from "dsql-core";
import { Kysely, PostgresDialect } from "kysely";
import { DsqlDialect } from "kysely-dsql";
import { PrismaDsql } from "prisma-dsql";
import { type Contest, NO_SLOWER, QUERY, ROW_ID } from "./contests.ts";

interface Tables {
  bench_overhead: { id: number; value: string };
}

const table = pgTable("bench_overhead", { id: integer().primaryKey(), value: text().notNull() });

/** Each adapter against its ORM's own driver, on one and the same pool. */
export async function ormContests(pool: DsqlPool): Promise<Contest[]> {
  const shared = { concurrency: 1, metric: "time per query", goal: NO_SLOWER } as const;
  const kysely = (dialect: DsqlDialect | PostgresDialect) => {
    const db = new Kysely<Tables>({ dialect });
    return () => db.selectFrom("bench_overhead").selectAll().where("id", "=", ROW_ID).execute();
  };
  const ofDrizzle = (db: Pick<ReturnType<typeof stockDrizzle>, "select">) => () =>
    db.select().from(table).where(eq(table.id, ROW_ID));
  // Prisma's engine is the same above both adapters, and would only hide what they add.
  const prisma = async (factory: Pick<PrismaDsql, "connect">) => {
    const adapter = await factory.connect();
    const argTypes = [{ scalarType: "int" as const, arity: "scalar" as const }];
    return () => adapter.queryRaw({ sql: QUERY.text, args: [ROW_ID], argTypes });
  };
  return [
    {
      ...shared,
      name: "Kysely: DsqlDialect against PostgresDialect",
      subject: kysely(new DsqlDialect({ pool })),
      baseline: kysely(new PostgresDialect({ pool })),
    },
    {
      ...shared,
      name: "Drizzle: drizzle-dsql against drizzle-orm/node-postgres",
      subject: ofDrizzle(drizzle(pool)),
      baseline: ofDrizzle(stockDrizzle(pool)),
    },
    {
      ...shared,
      name: "Prisma: PrismaDsql against PrismaPg",
      subject: await prisma(new PrismaDsql(pool)),
      baseline: await prisma(new PrismaPg(pool)),
    },
  ];
}
