import { type AsyncJob, waitForJob as waitFor } from "dsql-core";
import { type Kysely, sql } from "kysely";

/**
 * Waits until an asynchronous job of DSQL has ended, such as the index build that `CREATE INDEX ASYNC` starts.
 * `job` is the job's id, or the result of the statement that started it: `db.executeQuery(db.schema.createIndex(…))`. A
 * result without `job_id` (`if not exists` of an index that exists) leaves nothing to wait for.
 * Call it outside a transaction: DSQL refuses it inside one.
 * @throws AsyncJobFailedError when the job failed; a failed index stays behind, invalid, and must be dropped
 */
export async function waitForJob<DB>(db: Kysely<DB>, job: AsyncJob): Promise<void> {
  // A plugin may change the names of the columns that are read here.
  const plain = db.withoutPlugins();
  await waitFor({ query: (text) => sql.raw(text).execute(plain) }, job);
}
