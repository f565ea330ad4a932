import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect, refusedLogin } from "../support/client.ts";
import { psql } from "../support/psql.ts";
import { drizzleKitPush } from "./drizzle-kit/push.ts";

/** What a tool sends, and the outcome of it: "works", or the message of the error. */
interface Step {
  sql: string;
  outcome: string;
}

/** One row of the README's table of tools. */
interface Tool {
  name: string;
  steps: Step[];
  summary: string;
}

const works = (...statements: string[]): Step[] => statements.map((sql) => ({ sql, outcome: "works" }));
const refused = (sql: string, outcome: string): Step => ({ sql, outcome });
const parameter = (name: string): string => `setting configuration parameter "${name}" not supported`;

const TOOLS: Tool[] = [
  {
    name: "psql",
    steps: [],
    summary:
      "`\\d`, `\\dt`, `\\di`, `\\du`, `\\df`, `\\dy`, `\\l`, `\\copy` work; `psql` needs a token in PGPASSWORD",
  },
  {
    name: "pg_dump",
    steps: [
      refused("SET statement_timeout = 0", parameter("statement_timeout")),
      refused("SET lock_timeout = 0", parameter("lock_timeout")),
      refused("SET row_security = off", parameter("row_security")),
    ],
    summary: "fails at once: it sets parameters that a cluster refuses too; `COPY … TO STDOUT` works",
  },
  {
    name: "pgAdmin",
    steps: [
      refused("SET client_min_messages=notice", parameter("client_min_messages")),
      refused(
        "SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'",
        parameter("bytea_output"),
      ),
      ...works("SET DateStyle=ISO", "SET client_encoding='UTF8'"),
    ],
    summary: "does not connect: it sets `client_min_messages` and `bytea_output`",
  },
  {
    name: "asyncpg's pool",
    steps: [
      refused("SELECT pg_advisory_unlock_all()", "function pg_advisory_unlock_all not supported"),
      refused("CLOSE ALL", "unsupported statement: ClosePortal"),
      refused("UNLISTEN *", "unsupported statement: Unlisten"),
      ...works("RESET ALL"),
    ],
    summary: "its own reset query is refused; `RESET ALL`, which AWS's connector sends instead, works",
  },
  {
    name: "drizzle-kit push",
    steps: [
      ...works('CREATE TABLE "pushed" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL)'),
      refused(
        'ALTER TABLE "pushed" DISABLE ROW LEVEL SECURITY',
        "unsupported ALTER TABLE DISABLE ROW SECURITY statement",
      ),
    ],
    summary:
      "not usable: a first push works, a second one proposes to drop the indexes of primary keys, and fails",
  },
  {
    name: "Prisma Migrate",
    steps: [
      refused("SELECT pg_advisory_lock(72707369)", "function pg_advisory_lock not supported"),
      ...works(
        `CREATE TABLE "_prisma_migrations" ("id" varchar(36) PRIMARY KEY NOT NULL, "checksum" varchar(64) NOT NULL,
           "finished_at" timestamptz, "migration_name" varchar(255) NOT NULL, "logs" text, "rolled_back_at" timestamptz,
           "started_at" timestamptz NOT NULL DEFAULT now(), "applied_steps_count" integer NOT NULL DEFAULT 0)`,
        "SELECT current_schema(), version(), current_setting('server_version_num')::integer",
      ),
    ],
    summary: "needs `PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK=1`",
  },
  {
    name: "Drizzle's and Kysely's migrators",
    steps: [
      refused('CREATE TABLE "__drizzle_migrations" (id SERIAL PRIMARY KEY)', 'type "serial" does not exist'),
      refused("SELECT pg_advisory_xact_lock(1)", "function pg_advisory_xact_lock not supported"),
    ],
    summary: "refused; those of dsql-migrate, drizzle-dsql and kysely-dsql work",
  },
];

let dsql: LocalDsql;
beforeAll(async () => {
  dsql = await startLocalDsql();
});
afterAll(() => dsql?.stop());

describe("tools against the endpoint", () => {
  it.each(TOOLS.flatMap(({ name, steps }) => steps.map((step) => ({ name, ...step }))))(
    "$name: $sql",
    async ({ sql, outcome }) => {
      const client = await connect(dsql);
      const found = await client.query(sql).then(
        () => "works",
        (error: Error) => error.message,
      );
      expect(found).toBe(outcome);
      await client.end();
    },
  );

  it("psql: lists, describes and copies", async () => {
    await psql(
      dsql,
      "CREATE TABLE described (id int PRIMARY KEY, n int)",
      "INSERT INTO described VALUES (1, 2)",
    );
    for (const command of ["\\dt", "\\di", "\\du", "\\df", "\\dy", "\\l", "\\dn", "\\dp", "\\ds", "\\dv"])
      await psql(dsql, command);
    expect(await psql(dsql, "\\d described")).toContain(
      '"described_pkey" PRIMARY KEY, btree_index (id) INCLUDE (n)',
    );
    expect(await psql(dsql, "\\copy described TO STDOUT")).toBe("1\t2\n");
  });

  it("drizzle-kit push: creates a table, and the next time wants to drop the index of its primary key", async () => {
    expect(await drizzleKitPush(dsql)).toContain("Changes applied");
    const second = await drizzleKitPush(dsql);
    expect(second).toContain('DROP INDEX "kit_pushed_pkey"');
    expect(second).toContain("cannot drop index kit_pushed_pkey");
  });

  it("node-postgres: refuses its time limits, which are startup parameters, at the login", async () => {
    expect(await refusedLogin(dsql, { statement_timeout: 1000 })).toMatchObject({
      message: parameter("statement_timeout"),
    });
  });

  it("shows drizzle-kit an empty pg_stat_user_indexes, as a cluster does", async () => {
    const client = await connect(dsql);
    expect((await client.query("SELECT * FROM pg_stat_user_indexes")).rows).toEqual([]);
    await client.end();
  });

  it("has each of them in the README", async () => {
    const readme = await readFile(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
    const rows = readme.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    for (const { name, summary } of TOOLS) {
      expect(rows.find((cells) => cells[1] === name)?.[2]).toBe(summary);
    }
  });
});
