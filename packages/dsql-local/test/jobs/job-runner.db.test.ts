import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TEMPLATE_SQL } from "../../src/catalog/template-sql.ts";
import { AdminConnection } from "../../src/conflicts/admin-connection.ts";
import { JobRunner } from "../../src/jobs/job-runner.ts";
import { SUPERUSER } from "../../src/postgres/data-directory.ts";
import { startDatabase } from "../../src/postgres/database.ts";
import { BackendConnection } from "../../src/wire/backend-connection.ts";
import { BackendError } from "../../src/wire/backend-error.ts";

let database: Awaited<ReturnType<typeof startDatabase>>;
let client: BackendConnection;
beforeAll(async () => {
  database = await startDatabase({ maxConnections: 20, setupSql: TEMPLATE_SQL });
  client = await open();
});
afterAll(async () => {
  await client?.end();
  await database?.stop();
});

const open = (): Promise<BackendConnection> =>
  BackendConnection.open(database.address, { user: SUPERUSER, database: "postgres" });

async function value(sql: string): Promise<string | null | undefined> {
  const [result] = await client.query(sql);
  return result?.rows[0]?.[0];
}

describe("the runner of jobs", () => {
  it("carries out a job that is announced while it looks for those that were left", async () => {
    await client.query("SELECT pg_advisory_lock(1)");
    const starting = JobRunner.start({
      openBackend: async () => {
        const connection = await open();
        const query = connection.query.bind(connection);
        // The look ends when the lock is free, after its snapshot was taken.
        connection.query = (sql) =>
          query(sql.startsWith("SELECT job_id") ? `${sql}; SELECT pg_advisory_lock(1)` : sql);
        return connection;
      },
      buildDelayMs: 0,
    });
    await vi.waitFor(
      async () => expect(await value("SELECT count(*) FROM pg_locks WHERE NOT granted")).toBe("1"),
      20_000,
    );
    const jobId = await value(
      "SELECT pg_catalog.dsql_local_submit('INDEX_BUILD', 0, 0, 'none', 'SELECT NULL')",
    );
    await client.query("SELECT pg_advisory_unlock(1)");
    const runner = await starting;
    try {
      await vi.waitFor(
        async () =>
          expect(await value(`SELECT status FROM pg_catalog.dsql_local_job WHERE job_id = '${jobId}'`)).toBe(
            "completed",
          ),
        20_000,
      );
    } finally {
      await runner.stop();
    }
  }, 60_000);
});

describe("the endpoint's own connection", () => {
  it("is opened by a later query where PostgreSQL was starting up at the first", async () => {
    let opened = 0;
    const admin = new AdminConnection(() => {
      if (opened++ > 0) return open();
      const fields = { severity: "FATAL", sqlstate: "57P03", message: "the database system is starting up" };
      return Promise.reject(new BackendError(fields));
    });
    await expect(admin.rows("SELECT 1")).rejects.toThrow("starting up");
    expect(await admin.rows("SELECT 1")).toEqual([["1"]]);
    await admin.close();
  });
});
