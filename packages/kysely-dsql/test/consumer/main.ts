import { Kysely } from "kysely";
import { DsqlDialect } from "kysely-dsql";

interface Database {
  account: { id: string };
}

export async function read(): Promise<{ id: string }[]> {
  await using db = new Kysely<Database>({
    dialect: new DsqlDialect({ connectionString: process.env.X, cursor: undefined, max: undefined }),
  });
  await db.transaction().execute(async (trx) => trx.selectFrom("account").selectAll().execute());
  return await db.transactionWithRetry(async (trx) => await trx.selectFrom("account").selectAll().execute());
}
