import { emptyDatabase } from "adapter-conformance/migrations";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

/** The endpoint of this file's tests, and the pool of the test that runs; {@link useMigrationDatabase} sets them. */
export let local: LocalDsql;
export let pool: DsqlPool;

/** Starts an endpoint for the tests of a file, and gives each test a pool and an empty database. */
export function useMigrationDatabase({ max = 4 } = {}): void {
  beforeAll(async () => {
    local = await startLocalDsql();
  });
  afterAll(() => local.stop());
  beforeEach(() => {
    pool = new DsqlPool({ ...local.connection, max });
  });
  afterEach(async () => {
    local.faults.clear();
    await emptyDatabase(pool);
    await pool.end();
  });
}
