// One connection without a pool, for a script or a job.
import { DsqlClient } from "dsql-core";

const client = new DsqlClient({ connectionString: process.env.DATABASE_URL, ormPrefix: "nightly-job" });
await client.connect();
try {
  await client.query(
    "create table if not exists jobs (name text primary key, last_run timestamptz not null)",
  );
  const lastRun = await client.transactionWithRetry(async (transaction) => {
    const { rows } = await transaction.query(
      `insert into jobs values ('nightly', now())
       on conflict (name) do update set last_run = excluded.last_run
       returning last_run`,
    );
    return rows[0].last_run as Date;
  });
  console.log(`nightly ran at ${lastRun.toISOString()}`);
} finally {
  await client.end();
}
