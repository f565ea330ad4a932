import { DsqlConfigError, DsqlPool } from "dsql-core";
import { Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { DsqlAdapter, DsqlDialect, DsqlDriver } from "../src/index.ts";

const cluster = "postgresql://admin@abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws/postgres";

describe("DsqlDialect", () => {
  it("refuses what cannot be used where it is written, not at the first query", () => {
    expect(() => new DsqlDialect("mysql://nowhere")).toThrow(DsqlConfigError);
    expect(() => new DsqlDialect({ connectionString: cluster, max: -1 })).toThrow(DsqlConfigError);
    expect(() => new DsqlDialect({ connectionString: cluster, statement_timeout: 5 } as never)).toThrow(
      DsqlConfigError,
    );
  });

  it("leaves the caller's options as they were", () => {
    const options = Object.freeze({ connectionString: cluster, waitForIndexes: true });
    new DsqlDialect(options);
    expect(options).toEqual({ connectionString: cluster, waitForIndexes: true });
  });

  it("refuses a pool of another kind, and a pool that is not given as an option", () => {
    const other = { connect: async () => ({}), totalCount: 0 } as never;
    expect(() => new DsqlDialect({ pool: other })).toThrow(/option pool must be a DsqlPool/);
    expect(() => new DsqlDialect(new DsqlPool(cluster) as never)).toThrow(/\{ pool \}/);
  });

  it("refuses what a function makes at the first query, and tries again at the next", async () => {
    let asked = 0;
    const pool = async () => {
      asked++;
      return { connect: async () => ({}) } as never;
    };
    const db = new Kysely<object>({ dialect: new DsqlDialect({ pool }) });
    for (let turn = 0; turn < 2; turn++) {
      await expect(sql`select 1`.execute(db)).rejects.toThrow(/option pool must be a DsqlPool/);
    }
    expect(asked).toBe(2);
  });

  it("refuses a missing cluster and options of another kind with a DsqlConfigError", () => {
    for (const config of [undefined, null, 5, {}, "", { connectionString: undefined }] as never[]) {
      expect(() => new DsqlDialect(config)).toThrow(DsqlConfigError);
      expect(() => new DsqlDriver(config)).toThrow(DsqlConfigError);
    }
  });

  it("gives its driver to dialects of your own", async () => {
    class LoudDriver extends DsqlDriver {}
    const dialect = new DsqlDialect(cluster);
    const db = new Kysely<object>({
      dialect: {
        createAdapter: () => dialect.createAdapter(),
        createDriver: () => new LoudDriver(cluster),
        createIntrospector: (instance) => dialect.createIntrospector(instance),
        createQueryCompiler: () => dialect.createQueryCompiler(),
      },
    });
    await db.destroy();
  });

  it("rejects with the reason why a pool could not be created", async () => {
    const broken = new Error("no secret today");
    const db = new Kysely<object>({ dialect: new DsqlDialect({ pool: () => Promise.reject(broken) }) });
    await expect(db.transactionWithRetry(async () => 1)).rejects.toBe(broken);
    await db.destroy();
  });

  it("tells Kysely what DSQL supports", () => {
    const adapter = new DsqlDialect(cluster).createAdapter();
    expect(adapter).toBeInstanceOf(DsqlAdapter);
    expect(adapter).toMatchObject({
      supportsCreateIfNotExists: true,
      supportsTransactionalDdl: false,
      supportsReturning: true,
    });
  });

  it("serves several Kysely instances, each with its own pool", async () => {
    const dialect = new DsqlDialect(cluster);
    const instances = [new Kysely<object>({ dialect }), new Kysely<object>({ dialect })];
    await Promise.all(instances.map((db) => db.destroy()));
    expect(instances[0]?.getExecutor().adapter).not.toBe(instances[1]?.getExecutor().adapter);
  });
});
