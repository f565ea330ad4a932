import { createRequire } from "node:module";
import { DsqlConfigError, DsqlPool } from "dsql-core";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { demandSamePool } from "../src/adapter/given-pool.ts";
import { PrismaDsql } from "../src/index.ts";

const require = createRequire(import.meta.url);
const host = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws";

function secondCopyOfPg(): typeof pg {
  const main = require.resolve("pg");
  const first = require.cache[main];
  delete require.cache[main];
  try {
    return require("pg") as typeof pg;
  } finally {
    require.cache[main] = first;
  }
}

describe("what PrismaDsql takes", () => {
  test("a DsqlPool, options, or a connection string", async () => {
    const pool = new DsqlPool({ host });
    expect(new PrismaDsql(pool)).toMatchObject({ provider: "postgres", adapterName: "prisma-dsql" });
    expect(() => new PrismaDsql({ host })).not.toThrow();
    expect(() => new PrismaDsql(`postgresql://admin@${host}/postgres`)).not.toThrow();
    await pool.end();
  });

  test("not a pool of a second copy of pg, which PrismaPg would take for options", async () => {
    const other = secondCopyOfPg();
    const pool = new other.Pool();
    expect(pool).not.toBeInstanceOf(pg.Pool);
    expect(() => new PrismaDsql(pool as unknown as DsqlPool)).toThrow(/another copy of pg.*npm ls pg/s);
    await pool.end();
  });

  test("not a plain pg.Pool, which has no guards", async () => {
    const pool = new pg.Pool();
    expect(() => new PrismaDsql(pool as unknown as DsqlPool)).toThrow(/plain pg\.Pool.*DsqlPool/s);
    await pool.end();
  });

  test("not options that cannot be used, before anything connects", () => {
    expect(() => new PrismaDsql("mysql://admin@localhost/x")).toThrow(DsqlConfigError);
    expect(() => new PrismaDsql({ host, tokenDurationSecs: -1 })).toThrow(DsqlConfigError);
  });

  test("and it says so when @prisma/adapter-pg has its own copy of pg", async () => {
    const pool = new DsqlPool({ host });
    const plain = new pg.Pool();
    expect(() => demandSamePool(pool, plain)).toThrow(
      /@prisma\/adapter-pg and dsql-core use different copies of pg/,
    );
    expect(() => demandSamePool(pool, pool)).not.toThrow();
    await Promise.all([pool.end(), plain.end()]);
  });
});
