import { DsqlPool } from "dsql-core";
import { deploy, type PlannedMigration, planMigrations } from "dsql-migrate";
import type { BenchContext } from "../bench-context.ts";
import { startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { finding } from "../report/finding.ts";
import { median } from "../report/statistics.ts";

const MIGRATIONS = 100;
const ROUNDS = 5;
const GOAL = 1.5;

/** Deploying 100 migrations, against a loop that sends the same statements and waits for the same jobs. */
export async function deploying({ report }: BenchContext): Promise<void> {
  await using endpoint = await startEndpointProcess();
  const pool = new DsqlPool({ ...endpoint.connection, max: 4 });
  try {
    const migrations = await planMigrations(scripts());
    const deployedMs: number[] = [];
    const bareMs: number[] = [];
    // The first round of each warms the endpoint up.
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await timed(() => bareLoop(pool, migrations));
      await dropTables(pool);
      const deployed = await timed(() => deploy({ pool, migrations }));
      await dropTables(pool);
      if (round > 0) {
        bareMs.push(bare);
        deployedMs.push(deployed);
      }
    }
    report(
      finding({
        bench: "migrate",
        case: `deploying ${MIGRATIONS} migrations, against a loop of the same statements`,
        metric: "time",
        unit: "ms",
        value: median(deployedMs),
        baseline: median(bareMs),
        goal: { of: "ratio", is: "<=", limit: GOAL },
      }),
    );
  } finally {
    await pool.end();
  }
}

/** What a person would write who does not care about interruptions. */
async function bareLoop(pool: DsqlPool, migrations: readonly PlannedMigration[]): Promise<void> {
  for (const { plan } of migrations) {
    for (const { sql, kind } of plan.steps) {
      const { rows } = await pool.query<{ job_id?: string }>(sql);
      const jobId = rows[0]?.job_id;
      if (kind === "async-job" && jobId !== undefined) await pool.query(`CALL sys.wait_for_job('${jobId}')`);
    }
  }
}

/** As services write them: a table with two constraints, or an index, or a column with a default, or first rows. */
function scripts(): { name: string; sql: string }[] {
  const kinds = [
    (table: string) =>
      `CREATE TABLE ${table} (id bigint PRIMARY KEY, owner_id uuid NOT NULL, name text NOT NULL UNIQUE, price numeric(10, 2) CHECK (price >= 0));\nALTER TABLE ${table} ADD COLUMN note text;`,
    (table: string) => `CREATE INDEX ${table}_owner ON ${table} (owner_id);`,
    (table: string) => `ALTER TABLE ${table} ADD COLUMN stars integer DEFAULT 0 NOT NULL;`,
    (table: string) => `INSERT INTO ${table} (id, owner_id, name) VALUES (1, gen_random_uuid(), 'first');`,
  ];
  return Array.from({ length: MIGRATIONS }, (_, index) => ({
    name: String(index).padStart(4, "0"),
    sql: (kinds[index % kinds.length] as (typeof kinds)[number])(`item_${Math.floor(index / kinds.length)}`),
  }));
}

async function dropTables(pool: DsqlPool): Promise<void> {
  const { rows } = await pool.query<{ drop: string }>(
    "SELECT format('DROP TABLE %I.%I CASCADE', schemaname, tablename) AS drop FROM pg_tables WHERE schemaname IN ('public', 'dsql_migrate')",
  );
  for (const { drop } of rows) await pool.query(drop);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
