// A pool: queries at once, and a transaction that is retried when DSQL reports a conflict.
import { DsqlPool } from "dsql-core";

const pool = new DsqlPool({ connectionString: process.env.DATABASE_URL, max: 5 });
try {
  await pool.query("create table if not exists visits (page text primary key, count integer not null)");
  await pool.query(
    "insert into visits values ('/', 0), ('/docs', 0) on conflict (page) do update set count = 0",
  );

  await Promise.all(
    Array.from({ length: 10 }, () =>
      pool.transactionWithRetry(async (client) => {
        const { rows } = await client.query("select count from visits where page = '/'");
        await client.query("update visits set count = $1 where page = '/'", [rows[0].count + 1]);
      }),
    ),
  );

  const [counts, clock] = await Promise.all([
    pool.query("select page, count from visits order by page"),
    pool.query("select now() as now"),
  ]);
  console.log(counts.rows, clock.rows[0].now);
} finally {
  await pool.end();
}
