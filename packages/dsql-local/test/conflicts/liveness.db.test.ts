import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

/** Nothing here takes longer than some milliseconds; what hangs must fail before the test's own limit. */
const HANG_MS = 15_000;

let dsql: LocalDsql;
let clients: Client[] = [];
const [a, b, c] = [0, 1, 2].map((index) => (): Client => clients[index] as Client) as [
  () => Client,
  () => Client,
  () => Client,
];

beforeAll(async () => {
  dsql = await startLocalDsql({ indexBuildMs: 0, schemaConflicts: false });
});
afterAll(() => dsql?.stop());
beforeEach(async () => {
  clients = [await connect(dsql), await connect(dsql), await connect(dsql)];
  await a().query("CREATE TABLE parent (id int PRIMARY KEY, v int)");
  await a().query("CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, v int)");
  await a().query("CREATE TABLE apart (id int PRIMARY KEY, v int)");
  await a().query("INSERT INTO parent VALUES (1, 0), (2, 0)");
  await a().query("INSERT INTO child VALUES (1, 1, 0)");
  await a().query("INSERT INTO apart VALUES (1, 0), (2, 0)");
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()));
  const cleaner = await connect(dsql);
  for (const table of ["child", "parent", "apart"]) await within(cleaner.query(`DROP TABLE ${table}`));
  await cleaner.end();
});

/** What a promise comes to, or a failure where it takes too long. */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

describe("no session waits for one that is idle", () => {
  it("when a transaction loses beside the uncommitted ALTER TABLE of a related table", async () => {
    await b().query("BEGIN");
    await b().query("UPDATE child SET v = 1 WHERE id = 1");
    await c().query("UPDATE child SET v = 2 WHERE id = 1");
    await a().query("BEGIN");
    await a().query("ALTER TABLE parent ADD COLUMN extra int");
    expect((await within(b().query("SELECT v FROM child"))).rows).toEqual([{ v: 1 }]);
    await within(b().query("UPDATE child SET v = 3 WHERE id = 1"));
    await within(c().query("SELECT * FROM child"));
    await expect(within(b().query("COMMIT"))).rejects.toMatchObject({ code: "40001" });
    await within(a().query("COMMIT"));
    expect((await within(c().query("SELECT extra FROM parent WHERE id = 1"))).rows).toEqual([
      { extra: null },
    ]);
  });

  it("when DDL meets a transaction that has used set_config after a SELECT", async () => {
    await a().query("BEGIN");
    await a().query("SELECT * FROM parent");
    await a().query("SELECT set_config('application_name', 'kept', false)");
    await within(b().query("ALTER TABLE parent ADD COLUMN extra int"));
    expect((await a().query("SHOW application_name")).rows).toEqual([{ application_name: "kept" }]);
    await a().query("COMMIT");
    expect((await a().query("SHOW application_name")).rows).toEqual([{ application_name: "kept" }]);
  });

  it("when an asynchronous job meets a transaction with DDL", async () => {
    await a().query("BEGIN");
    await a().query("ALTER TABLE apart ADD COLUMN extra int");
    const { rows } = await within(b().query("CREATE INDEX ASYNC ON apart (v)"));
    const call = `CALL sys.wait_for_job('${rows[0].job_id}')`;
    expect((await within(b().query(call))).rows).toEqual([{ succeeded: true }]);
    await a().query("ROLLBACK");
    await c().query("BEGIN");
    await c().query("ALTER TABLE child ADD CONSTRAINT positive CHECK (v >= 0) NOT VALID");
    await within(b().query("ALTER TABLE apart ADD CONSTRAINT positive CHECK (v >= 0) NOT VALID"));
    await a().query("BEGIN");
    await a().query("ALTER TABLE apart ADD COLUMN extra int");
    const validation = await within(b().query("ALTER TABLE ASYNC apart VALIDATE CONSTRAINT positive"));
    expect((await within(b().query(`CALL sys.wait_for_job('${validation.rows[0].job_id}')`))).rows).toEqual([
      { succeeded: true },
    ]);
  });
});

describe("no COMMIT waits for a statement that has nothing to do with it", () => {
  it("beside a long autocommit write", async () => {
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const slow = b()
      .query("INSERT INTO apart SELECT 3, 0 FROM (SELECT pg_sleep(1.5)) AS nap")
      .then(note("slow"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await a().query("BEGIN");
    await a().query("UPDATE parent SET v = 1 WHERE id = 1");
    await a().query("COMMIT").then(note("commit"));
    await c().query("UPDATE parent SET v = 2 WHERE id = 2").then(note("autocommit"));
    await slow;
    expect(order).toEqual(["commit", "autocommit", "slow"]);
  });
});
