import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DsqlPool,
  NestedTransactionError,
  OccRetryExhaustedError,
} from "dsql-core";
import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cut, failure } from "../../dsql-core/test/scripted-server.ts";
import { DsqlDialect, transactionWithRetry } from "../src/index.ts";
import { type Database, useScriptedDatabase } from "./scripted-database.ts";

const { server, open } = useScriptedDatabase();

const INSERT = CompiledQuery.raw("insert into account values (1)");
const AT_ONCE = { maxAttempts: 3, backoff: () => 0 };
const conflict = () => Object.assign(new Error("change conflicts (OC000)"), { code: "40001" });

const others: Kysely<object>[] = [];
afterEach(async () => {
  for (const db of others.splice(0)) await db.destroy();
});

test("a transaction inside another is refused, which goes on", async () => {
  const { db } = open();
  await db.transaction().execute(async (trx) => {
    const outer: Kysely<Database> = trx;
    await expect(transactionWithRetry(outer, async () => "never")).rejects.toThrow(NestedTransactionError);
  });
  expect(server.received).toEqual(["begin", "commit"]);
});

test.each([
  [{ readOnly: true }, "begin read only"],
  [{ readOnly: false }, "begin"],
  [undefined, "begin"],
] as const)("with %o a transaction begins with %s", async (options, begin) => {
  const { db } = open();
  expect(await transactionWithRetry(db, async () => "done", options as { readOnly: boolean })).toBe("done");
  expect(server.received).toEqual([begin, "commit"]);
});

test("the result is that of the work where verifyCommit finds it stored", async () => {
  const { db } = open();
  server.next(/commit/, cut);
  const work = async (trx: { executeQuery(query: CompiledQuery): Promise<unknown> }) => {
    await trx.executeQuery(INSERT);
    return "stored";
  };
  expect(await transactionWithRetry(db, work, { verifyCommit: async () => true })).toBe("stored");
  server.next(/commit/, cut);
  await expect(transactionWithRetry(db, work)).rejects.toThrow(CommitOutcomeUnknownError);
});

test("the work does not run when the signal was aborted while a connection was waited for", async () => {
  const { db } = open();
  const abort = new AbortController();
  server.nextLogin((session) => {
    abort.abort(new Error("too late"));
    session.letIn();
  });
  const work = vi.fn(async () => "never");
  await expect(transactionWithRetry(db, work, { signal: abort.signal })).rejects.toThrow("too late");
  expect(work).not.toHaveBeenCalled();
});

describe("on one connection", () => {
  test("work is not retried after the same error again, since nothing was tried", async () => {
    const { db } = open();
    server.next(/insert/, cut);
    const work = vi.fn((trx: { executeQuery(query: CompiledQuery): Promise<unknown> }) =>
      trx.executeQuery(INSERT),
    );
    const onRetry = vi.fn();
    const lost = db.connection().execute((one) => transactionWithRetry(one, work, { ...AT_ONCE, onRetry }));
    await expect(lost).rejects.toThrow(ConnectionLostError);
    expect(work).toHaveBeenCalledTimes(1);
    expect(onRetry).toHaveBeenCalledTimes(1);
  });

  test("work is retried after other losses, and after the same conflict", async () => {
    const { db } = open();
    for (let attempt = 1; attempt < AT_ONCE.maxAttempts; attempt++) server.next(/insert/, cut);
    const work = vi.fn((trx: { executeQuery(query: CompiledQuery): Promise<unknown> }) =>
      trx.executeQuery(INSERT),
    );
    await transactionWithRetry(db, work, AT_ONCE);
    expect(work).toHaveBeenCalledTimes(3);
    const same = conflict();
    const again = vi.fn(async () => {
      throw same;
    });
    await expect(transactionWithRetry(db, again, AT_ONCE)).rejects.toThrow(OccRetryExhaustedError);
    expect(again).toHaveBeenCalledTimes(3);
  });
});

describe("retry options", () => {
  const work = () =>
    vi.fn(async () => {
      throw conflict();
    });

  test("are those of the pool and those of the call, without a connection of their own", async () => {
    const onReserveConnection = vi.fn(async () => {});
    const { db } = open({ retry: { ...AT_ONCE, maxAttempts: 2 }, onReserveConnection });
    const byPool = work();
    await expect(transactionWithRetry(db, byPool)).rejects.toMatchObject({ attempts: 2 });
    expect(onReserveConnection).toHaveBeenCalledTimes(2);
    await expect(transactionWithRetry(db, work(), { maxAttempts: 1 })).rejects.toMatchObject({ attempts: 1 });
  });

  test("are those of a pool that the caller's function has yet to make", async () => {
    const make = vi.fn(
      async () => new DsqlPool({ ...server.connection, retry: { ...AT_ONCE, maxAttempts: 2 } }),
    );
    const db = new Kysely<object>({ dialect: new DsqlDialect({ pool: make }) });
    others.push(db);
    await expect(transactionWithRetry(db, work())).rejects.toMatchObject({ attempts: 2 });
    expect(make).toHaveBeenCalledTimes(1);
  });

  test("do not hide that the caller's function fails", async () => {
    const broken = new Error("no pool today");
    const db = new Kysely<object>({
      dialect: new DsqlDialect({
        pool: async () => {
          throw broken;
        },
      }),
    });
    await expect(transactionWithRetry(db, work())).rejects.toBe(broken);
  });

  test("of another dialect are not looked for on a connection", async () => {
    const acquired = vi.fn();
    class CountingDriver extends DummyDriver {
      override async acquireConnection() {
        acquired();
        return await super.acquireConnection();
      }
    }
    const db = new Kysely<object>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new CountingDriver(),
        createIntrospector: (given) => new PostgresIntrospector(given),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
    expect(await transactionWithRetry(db, async () => "done")).toBe("done");
    expect(acquired).toHaveBeenCalledTimes(1);
  });
});

test("an error of the server that is no conflict is not retried", async () => {
  const { db } = open();
  server.next(/insert/, failure("23505", "duplicate key"));
  const failed = transactionWithRetry(db, (trx) => trx.executeQuery(INSERT), AT_ONCE);
  await expect(failed).rejects.toMatchObject({ code: "23505" });
  expect(server.received).toEqual(["begin", INSERT.sql, "rollback"]);
});
