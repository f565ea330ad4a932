import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProbeClient } from "../../src/conformance/probe-client.ts";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";

let local: LocalDsql;
let client: ProbeClient;
beforeAll(async () => {
  // Long enough for the statement after a submission to find the index unfinished, on a busy machine too.
  local = await startLocalDsql({ indexBuildMs: 300 });
  client = await ProbeClient.connect(local);
});
afterAll(async () => {
  await client?.end();
  await local?.stop();
});

/** Runs a statement that must succeed; answers its rows. */
async function rows(sql: string, on: ProbeClient = client): Promise<(string | null)[][]> {
  const answer = await on.observe(sql, false);
  if (answer.outcome === "error") throw new Error(`${answer.sqlstate} ${answer.message}: ${sql}`);
  return answer.rows ?? [];
}

const submit = async (sql: string): Promise<string> => (await rows(sql))[0]?.[0] as string;
const wait = (jobId: string): Promise<(string | null)[][]> => rows(`CALL sys.wait_for_job('${jobId}')`);
const job = async (jobId: string): Promise<(string | null)[] | undefined> =>
  (await rows(`SELECT status, details, job_type, object_name FROM sys.jobs WHERE job_id = '${jobId}'`))[0];
const isValid = async (index: string): Promise<unknown> =>
  (await rows(`SELECT indisvalid FROM pg_index WHERE indexrelid = '${index}'::regclass`))[0]?.[0];

describe("CREATE INDEX ASYNC", () => {
  it("returns a job id of 26 characters at once, and leaves the index invalid until the job is done", async () => {
    await rows("CREATE TABLE a (id int PRIMARY KEY, v int)");
    const jobId = await submit("CREATE INDEX ASYNC a_v ON a (v)");
    expect(jobId).toMatch(/^[a-z2-7]{26}$/);
    expect(await isValid("a_v")).toBe("f");
    expect(await wait(jobId)).toEqual([["t"]]);
    expect(await isValid("a_v")).toBe("t");
    expect(await job(jobId)).toEqual(["completed", null, "INDEX_BUILD", "public.a_v"]);
  });

  it("enforces a unique index for new rows while it is built", async () => {
    await rows("CREATE TABLE b (id int PRIMARY KEY, v int)");
    await rows("INSERT INTO b VALUES (1, 1)");
    const jobId = await submit("CREATE UNIQUE INDEX ASYNC b_v ON b (v)");
    expect(await client.observe("INSERT INTO b VALUES (2, 1)", false)).toMatchObject({ sqlstate: "23505" });
    expect(await wait(jobId)).toEqual([["t"]]);
  });

  it("fails the job, and keeps the index as invalid, where the rows hold duplicates", async () => {
    await rows("CREATE TABLE c (id int PRIMARY KEY, v int, w int)");
    await rows("INSERT INTO c VALUES (1, 1, 1), (2, 1, 1), (3, NULL, 3), (4, NULL, 4)");
    const jobId = await submit("CREATE UNIQUE INDEX ASYNC c_v ON c (v)");
    expect(await wait(jobId)).toEqual([["f"]]);
    expect(await job(jobId)).toMatchObject([
      "failed",
      "Found duplicate key while validating index for UCVs",
      "INDEX_BUILD",
      "public.c_v",
    ]);
    expect(await isValid("c_v")).toBe("f");
    expect(await wait(await submit("CREATE UNIQUE INDEX ASYNC c_partial ON c (v) WHERE v IS NULL"))).toEqual([
      ["t"],
    ]);
    expect(
      await wait(
        await submit("CREATE UNIQUE INDEX ASYNC c_null ON c (v) NULLS NOT DISTINCT WHERE v IS NULL"),
      ),
    ).toEqual([["f"]]);
    expect(await wait(await submit("CREATE UNIQUE INDEX ASYNC c_expr ON c ((v + id), w)"))).toEqual([["t"]]);
    expect(await rows("DROP INDEX c_v")).toEqual([]);
  });

  it("starts the job at COMMIT, and never where the transaction rolls back", async () => {
    await rows("CREATE TABLE d (id int PRIMARY KEY, v int)");
    await rows("BEGIN");
    await submit("CREATE INDEX ASYNC d_v ON d (v)");
    await rows("ROLLBACK");
    expect(await rows("SELECT count(*) FROM sys.jobs WHERE object_name = 'public.d_v'")).toEqual([["0"]]);
    await rows("BEGIN");
    const jobId = await submit("CREATE INDEX ASYNC d_v ON d (v)");
    await rows("COMMIT");
    expect(await wait(jobId)).toEqual([["t"]]);
  });

  it("does not wait for transactions that are open on the table, nor they for it", async () => {
    await rows("CREATE TABLE e (id int PRIMARY KEY, v int)");
    const other = await ProbeClient.connect(local);
    try {
      await rows("BEGIN", other);
      await rows("INSERT INTO e VALUES (1, 1)", other);
      const jobId = await submit("CREATE INDEX ASYNC e_v ON e (v)");
      expect(await wait(jobId)).toEqual([["t"]]);
    } finally {
      await other.end();
    }
  });

  it("fails the job of an index that was dropped meanwhile", async () => {
    await rows("CREATE TABLE f (id int PRIMARY KEY, v int)");
    const jobId = await submit("CREATE INDEX ASYNC f_v ON f (v)");
    await rows("DROP INDEX f_v");
    expect(await wait(jobId)).toEqual([["f"]]);
  });

  it("returns no job if IF NOT EXISTS finds the index", async () => {
    await rows("CREATE TABLE g (id int PRIMARY KEY, v int)");
    await submit("CREATE INDEX ASYNC IF NOT EXISTS g_v ON g (v)");
    expect(await rows("CREATE INDEX ASYNC IF NOT EXISTS g_v ON g (v)")).toEqual([]);
  });

  it("lets a UNIQUE constraint use the index once it is valid", async () => {
    await rows("CREATE TABLE h (id int PRIMARY KEY, v int)");
    const jobId = await submit("CREATE UNIQUE INDEX ASYNC h_v ON h (v)");
    expect(
      await client.observe("ALTER TABLE h ADD CONSTRAINT h_u UNIQUE USING INDEX h_v", false),
    ).toMatchObject({
      sqlstate: "55000",
      message: 'index "h_v" is not valid',
    });
    await wait(jobId);
    await rows("ALTER TABLE h ADD CONSTRAINT h_u UNIQUE USING INDEX h_v");
    await rows("ALTER TABLE h DROP CONSTRAINT h_u");
  });
});

describe("ALTER TABLE ASYNC … VALIDATE CONSTRAINT", () => {
  it("validates a constraint that the rows keep", async () => {
    await rows("CREATE TABLE p (id int PRIMARY KEY, v int)");
    await rows("ALTER TABLE p ADD CONSTRAINT positive CHECK (v > 0) NOT VALID");
    const jobId = await submit("ALTER TABLE ASYNC p VALIDATE CONSTRAINT positive");
    expect(await wait(jobId)).toEqual([["t"]]);
    expect(await rows("SELECT convalidated FROM pg_constraint WHERE conname = 'positive'")).toEqual([["t"]]);
  });

  it("fails the job where a row breaks the constraint, and says which", async () => {
    await rows("CREATE TABLE q (id int PRIMARY KEY, p_id int)");
    await rows("INSERT INTO q VALUES (1, 99)");
    await rows("ALTER TABLE q ADD CONSTRAINT q_p FOREIGN KEY (p_id) REFERENCES p (id) NOT VALID");
    const jobId = await submit("ALTER TABLE ASYNC public.q VALIDATE CONSTRAINT q_p");
    expect(await wait(jobId)).toEqual([["f"]]);
    expect((await job(jobId))?.[1]).toContain("violates foreign key constraint");
  });
});

describe("sys.wait_for_job", () => {
  it("returns at once for a job that is done, and with a parameter", async () => {
    const [[jobId] = []] = await rows("SELECT job_id FROM sys.jobs WHERE status = 'completed' LIMIT 1");
    expect(await wait(jobId as string)).toEqual([["t"]]);
    expect(await client.observe("CALL sys.wait_for_job('')", false)).toMatchObject({ sqlstate: "22P02" });
  });
});

describe("an index in an open transaction", () => {
  it("keeps its job's id when another session's write needs the table meanwhile", async () => {
    await rows("CREATE TABLE r (id int PRIMARY KEY, v int)");
    const other = await ProbeClient.connect(local);
    try {
      await rows("BEGIN");
      const jobId = await submit("CREATE INDEX ASYNC r_v ON r (v)");
      await rows("INSERT INTO r VALUES (1, 1)", other);
      await rows("COMMIT");
      expect(await wait(jobId)).toEqual([["t"]]);
    } finally {
      await other.end();
    }
  });
});

describe("a kept data directory", () => {
  it("takes up at its next start what an earlier run has left unfinished", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "dsql-local-jobs-"));
    try {
      let jobId: string;
      {
        await using first = await startLocalDsql({ dataDir, indexBuildMs: 600_000 });
        const connection = await ProbeClient.connect(first);
        await rows("CREATE TABLE k (id int PRIMARY KEY, v int)", connection);
        [[jobId]] = (await rows("CREATE INDEX ASYNC k_v ON k (v)", connection)) as [[string]];
        await connection.end();
      }
      await using second = await startLocalDsql({ dataDir });
      const connection = await ProbeClient.connect(second);
      expect(await rows(`CALL sys.wait_for_job('${jobId}')`, connection)).toEqual([["t"]]);
      await connection.end();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
