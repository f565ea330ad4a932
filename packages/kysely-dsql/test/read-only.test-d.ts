import { type Generated, Kysely, sql, type Transaction } from "kysely";
import { expectTypeOf } from "vitest";
import { DsqlDialect, type Reader, type ReadOnlyTransaction } from "../src/index.ts";

interface Database {
  account: { id: Generated<string>; owner: string; balance: number };
}
interface More {
  loan: { id: string };
}

const db = new Kysely<Database>({ dialect: new DsqlDialect({ host: "abc.dsql.us-east-1.on.aws" }) });
declare const trx: ReadOnlyTransaction<Database>;
declare const transaction: Transaction<Database>;

// What reads takes an instance, a transaction and a read-only transaction.
const owners = (reader: Reader<Database>) => reader.selectFrom("account").select("owner").execute();
expectTypeOf(owners(db)).toEqualTypeOf<Promise<{ owner: string }[]>>();
owners(transaction);
owners(trx);

// It reads: plain SQL, compiled queries and common table expressions included.
expectTypeOf(sql<{ one: number }>`select 1 as one`.execute(trx)).resolves.toExtend<{
  rows: { one: number }[];
}>();
const rich = trx.selectFrom("account").select("id").where("balance", ">", 100);
expectTypeOf(trx.executeQuery(rich)).resolves.toExtend<{ rows: { id: string }[] }>();
expectTypeOf(
  trx
    .with("rich", rich)
    .with("poor(name)", (reader) => reader.selectFrom("account").select("owner as name"))
    .selectFrom(["rich", "poor"])
    .selectAll()
    .execute(),
).toEqualTypeOf<Promise<{ id: string; name: string }[]>>();
expectTypeOf(
  trx
    .withRecursive("counted(n)", (reader) =>
      reader.selectNoFrom(sql<number>`1`.as("n")).unionAll(reader.selectFrom("counted").select("n")),
    )
    .selectFrom("counted")
    .select("n")
    .execute(),
).toEqualTypeOf<Promise<{ n: number }[]>>();
expectTypeOf(trx.withSchema("bank").withoutPlugins()).toEqualTypeOf<ReadOnlyTransaction<Database>>();
trx.withTables<More>().selectFrom("loan").select("id");

// Nothing that it gives writes.
// @ts-expect-error insertInto cannot be called
trx.insertInto("account");
// @ts-expect-error nor replaceInto
trx.replaceInto("account");
// @ts-expect-error nor updateTable
trx.updateTable("account");
// @ts-expect-error nor deleteFrom
trx.deleteFrom("account");
// @ts-expect-error nor mergeInto
trx.mergeInto("account");
// @ts-expect-error nor the schema changed
trx.schema.createTable("x");
// @ts-expect-error nor a compiled query that may write executed
trx.executeQuery(db.deleteFrom("account"));
// @ts-expect-error nor through other tables
trx.withTables<More>().insertInto("loan");
// @ts-expect-error nor through another schema
trx.withSchema("bank").updateTable("account");
// @ts-expect-error nor through plugins
trx.withoutPlugins().mergeInto("account");
// @ts-expect-error nor in front of a statement
trx.with("rich", rich).insertInto("account");
// @ts-expect-error nor inside a common table expression
trx.with("gone", (reader) => reader.deleteFrom("account").returning("id"));
// @ts-expect-error nor with a statement that was built elsewhere
trx.with("gone", db.deleteFrom("account").returning("id"));
// @ts-expect-error a column list names the columns of its query
trx.with("rich(owner)", rich);
// @ts-expect-error a transaction does not nest
trx.transactionWithRetry(async () => {});
// @ts-expect-error what may write does not take it
((writer: Transaction<Database>) => writer)(trx);
