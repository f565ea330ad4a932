import { type AsyncJob, waitForJob as waitFor } from "dsql-core";

/** A PrismaClient, extended or not. */
interface RawClient {
  $queryRawUnsafe<T = unknown>(query: string): PromiseLike<T>;
}

/**
 * Waits until an asynchronous job of DSQL has ended, such as the index build that `CREATE INDEX ASYNC` starts. `job` is the
 * job's id, or the rows of the statement that started it: `await prisma.$queryRaw`CREATE INDEX ASYNC ...``. No rows
 * (`IF NOT EXISTS` of an index that exists) leave nothing to wait for. Call it outside a transaction: DSQL refuses it inside one.
 * @throws AsyncJobFailedError when the job failed; a failed index stays behind, invalid, and must be dropped
 * @throws DsqlConfigError for a value that is neither the id of a job nor rows that contain one
 */
export async function waitForJob(prisma: RawClient, job: string | readonly unknown[]): Promise<void> {
  const started: AsyncJob = typeof job === "string" ? job : { rows: job };
  await waitFor(
    { query: async (text) => ({ rows: await prisma.$queryRawUnsafe<unknown[]>(text) }) },
    started,
  );
}
