import type { Kysely } from "kysely";
import type { ReadonlyTransaction } from "kysely/readonly";
import { expectTypeOf } from "vitest";
import { type ReadOnlyTransaction, transactionWithRetry } from "../src/index.ts";

interface Database {
  account: { id: string; balance: number };
}
interface More {
  loan: { id: string };
}

declare const db: Kysely<Database>;
declare const trx: ReadOnlyTransaction<Database>;

// Kysely's own read-only transaction takes ours.
expectTypeOf<ReadOnlyTransaction<Database>>().toExtend<ReadonlyTransaction<Database>>();
const balances = (reader: ReadonlyTransaction<Database>) =>
  reader.selectFrom("account").select("balance").execute();
transactionWithRetry(db, (read) => balances(read), { readOnly: true });

// It reads from other tables, and does not write to them.
trx.$extendTables<More>().selectFrom("loan").select("id");
trx.$pickTables<"account">().selectFrom("account").select("id");
// @ts-expect-error nothing can be inserted
trx.$extendTables<More>().insertInto("loan");
// @ts-expect-error nor deleted
trx.$pickTables<"account">().deleteFrom("account");
// @ts-expect-error nor updated
trx.$omitTables<never>().updateTable("account");
