import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { nodePgCodecs } from "drizzle-orm/node-postgres";
import { withReplicas } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type DsqlDatabase, type DsqlTransaction, drizzle } from "../../src/index.ts";
import { members } from "../../test/support/library-tables.ts";
import { relations } from "./support/library-relations.ts";

const pool = new DsqlPool({ host: "abcdefghijklmnopqrstuvwxyz.dsql.eu-west-1.on.aws" });
const db = drizzle(pool, { relations, jit: true, codecs: nodePgCodecs, paramsInErrors: true });

describe("with drizzle-orm 1.0, the types", () => {
  it("are those of a NodePgDatabase of the relations", () => {
    expectTypeOf(db).toEqualTypeOf<DsqlDatabase<typeof relations>>();
    expectTypeOf(db).toExtend<NodePgDatabase<typeof relations>>();
    expectTypeOf(drizzle(pool)).toExtend<NodePgDatabase>();
    expectTypeOf(drizzle({ client: pool, relations })).toEqualTypeOf(db);
    expectTypeOf(db.$client).toEqualTypeOf<DsqlPool>();
  });

  it("follow the relations into the transaction and out of it", () => {
    const count = () =>
      db.transactionWithRetry(async (tx) => {
        expectTypeOf(tx).toEqualTypeOf<DsqlTransaction<typeof relations>>();
        const member = await tx.query.members.findFirst({ with: { books: { columns: { title: true } } } });
        expectTypeOf(member?.books).toEqualTypeOf<{ title: string }[] | undefined>();
        return member?.books.length ?? 0;
      });
    expectTypeOf(count).returns.resolves.toEqualTypeOf<number>();
  });

  it("survive withReplicas", () => {
    const replicated = withReplicas(db, [db]);
    expectTypeOf(replicated.transactionWithRetry).toEqualTypeOf(db.transactionWithRetry);
    expectTypeOf(replicated.$replica.transactionWithRetry).toEqualTypeOf(db.transactionWithRetry);
  });

  it("know the options of a transaction, and which of them drizzle-orm 1.0 does not have", () => {
    // @ts-expect-error DSQL has one isolation level
    const refused = () => db.transaction(async () => 1, { isolationLevel: "serializable" });
    // @ts-expect-error a schema is drizzle-orm 0.45
    const refusedToo = () => drizzle(pool, { schema: { members } });
    expect([refused, refusedToo]).toHaveLength(2);
  });
});
