import { sql } from "drizzle-orm";
import { Cache, type MutationOption } from "drizzle-orm/cache/core";
import { pgTable, text } from "drizzle-orm/pg-core";
import {
  CommitOutcomeUnknownError,
  DsqlConfigError,
  DsqlPool,
  type DsqlPoolOptions,
  NestedTransactionError,
  TransactionEndedError,
  TransactionRolledBackError,
  TransactionScopeError,
} from "dsql-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cut, nothing, useScriptedServer } from "../../../dsql-core/test/scripted-server.ts";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";
import { Texts } from "../support/texts.ts";

const server = useScriptedServer();
const accounts = pgTable("accounts", { id: text() });
const log = pgTable("log", { id: text() });
const INSERT = sql.raw("insert into accounts values (1)");
const AT_ONCE = { maxAttempts: 3, backoff: () => 0 };
const conflict = () => Object.assign(new Error("change conflicts (OC000)"), { code: "40001" });

/** Records what it was called with. */
class ObservedCache extends Cache {
  readonly calls: string[] = [];
  readonly mutations: MutationOption[] = [];

  override strategy(): "all" {
    return "all";
  }

  override async get(): Promise<undefined> {
    this.calls.push("get");
  }

  override async put(): Promise<void> {
    this.calls.push("put");
  }

  override async onMutate(mutation: MutationOption): Promise<void> {
    this.mutations.push(mutation);
  }
}

const pools: DsqlPool[] = [];

function open({ cache, ...options }: DsqlPoolOptions & { cache?: Cache } = {}) {
  const pool = new DsqlPool({ ...server.connection, max: 1, ...options });
  pools.push(pool);
  const logger = new Texts();
  const db: DsqlDatabase = drizzle({ client: pool, logger, ...(cache && { cache }) });
  return { db, pool, logger };
}

afterEach(async () => {
  for (const session of server.sessions) session.cut();
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});

describe("a transaction", () => {
  it.each([
    [undefined, "BEGIN"],
    [{ accessMode: "read write" }, "BEGIN"],
    [{ accessMode: "read only" }, "BEGIN READ ONLY"],
  ] as const)("with %o begins with %s, and is shown to the logger", async (config, begin) => {
    const { db, logger } = open();
    const logQuery = vi.spyOn(logger, "logQuery");
    expect(await db.transaction(async () => "done", config)).toBe("done");
    expect(await db.transactionWithRetry(async () => "done", config)).toBe("done");
    expect(server.received).toEqual([begin, "COMMIT", begin, "COMMIT"]);
    expect(logQuery.mock.calls).toEqual(server.received.map((text) => [text, []]));
  });

  it("rolls back and rejects with the error of its work", async () => {
    const { db, pool } = open();
    const mine = new Error("changed my mind");
    await expect(db.transaction(() => Promise.reject(mine))).rejects.toBe(mine);
    expect(server.received).toEqual(["BEGIN", "ROLLBACK"]);
    expect(pool.stats).toMatchObject({ idle: 1, total: 1 });
  });

  it("does not wait for a statement that is still running at its end, and closes its connection", async () => {
    const { db, pool } = open();
    let running: unknown;
    const ended = db.transaction(async (tx) => {
      const arrived = new Promise<void>((resolve) => {
        server.next(/insert/, (session, statement) => {
          nothing(session, statement);
          resolve();
        });
      });
      running = tx.execute(INSERT).then(
        () => "stored",
        (error: unknown) => error,
      );
      await arrived;
    });
    await expect(ended).rejects.toThrow(TransactionRolledBackError);
    expect(pool.stats.total).toBe(0);
    expect(await running).toBeInstanceOf(Error);
    expect(server.received).not.toContain("COMMIT");
  });

  it("has a tx that cannot nest, be set, or end itself", async () => {
    const { db } = open();
    await db.transaction(async (tx) => {
      await expect(tx.transaction(async () => "never")).rejects.toThrow(NestedTransactionError);
      await expect(tx.setTransaction({ accessMode: "read only" })).rejects.toThrow(DsqlConfigError);
      await expect(tx.execute(sql`commit`).catch(causeOf)).resolves.toBeInstanceOf(TransactionScopeError);
    });
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
  });

  it("has a tx that ends with its work", async () => {
    const { db } = open();
    let sendLate = () => Promise.resolve<unknown>(undefined);
    await db.transaction(async (tx) => {
      sendLate = () => tx.execute(INSERT).catch(causeOf);
    });
    expect(await sendLate()).toBeInstanceOf(TransactionEndedError);
    let late: Promise<unknown> | undefined;
    server.next(/ROLLBACK/, (session, statement) => {
      late = sendLate();
      session.answer(statement);
      session.ready();
    });
    const failed = db.transaction(async (tx) => {
      sendLate = () => tx.execute(INSERT).catch(causeOf);
      throw new Error("mine");
    });
    await expect(failed).rejects.toThrow("mine");
    expect(await late).toBeInstanceOf(TransactionEndedError);
    expect(server.received).not.toContain("insert into accounts values (1)");
  });

  it("is retried after a conflict, with the pool's options and those of the call", async () => {
    const { db } = open({ retry: AT_ONCE });
    const run = async (options?: object, awsOptions?: object) => {
      let attempts = 0;
      const failed = db.transactionWithRetry(
        async () => {
          attempts++;
          throw conflict();
        },
        options,
        awsOptions as never,
      );
      await expect(failed).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED" });
      return attempts;
    };
    expect(await run()).toBe(3);
    expect(await run({ maxAttempts: 1 })).toBe(1);
    expect(await run(undefined, { maxRetries: 1, baseDelayMs: 1 })).toBe(2);
    expect(server.received).toHaveLength(12);
    await expect(db.transaction(() => Promise.reject(conflict()))).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toHaveLength(14);
  });

  it("begins read only with the options of @aws/aurora-dsql-drizzle too", async () => {
    const { db } = open();
    await db.transactionWithRetry(async () => {}, { accessMode: "read only" }, { maxRetries: 1 });
    expect(server.received).toEqual(["BEGIN READ ONLY", "COMMIT"]);
  });

  it("returns the result of its work if verifyCommit finds that it was stored", async () => {
    const { db } = open();
    server.next(/COMMIT/, cut);
    const options = { verifyCommit: async () => true };
    expect(await db.transactionWithRetry(async () => "stored", options)).toBe("stored");
  });

  it("does not run its work if the signal was aborted while it waited for a connection", async () => {
    const { db } = open();
    const abort = new AbortController();
    server.nextLogin((session) => {
      abort.abort(new Error("too late"));
      session.letIn();
    });
    const work = vi.fn(async () => "never");
    await expect(db.transactionWithRetry(work, { signal: abort.signal })).rejects.toThrow("too late");
    expect(work).not.toHaveBeenCalled();
  });
});

describe("a cache", () => {
  it("is not read inside a transaction, and is invalidated once for the changes of all attempts", async () => {
    const cache = new ObservedCache();
    const { db } = open({ cache, retry: AT_ONCE });
    let attempts = 0;
    await db.transactionWithRetry(async (tx) => {
      await tx.select().from(accounts);
      await tx.insert(attempts++ === 0 ? log : accounts).values({ id: "1" });
      await tx.insert(accounts).values({ id: "1" });
      await tx.$cache.invalidate({ tables: "audit", tags: ["balances", "balances"] });
      expect(cache.mutations).toEqual([]);
      if (attempts === 1) throw conflict();
    });
    expect(cache.calls).toEqual([]);
    expect(cache.mutations).toEqual([{ tables: ["log", "accounts", "audit"], tags: ["balances"] }]);
  });

  it.each([
    [{ tables: accounts }, { tables: [accounts] }],
    [{ tags: "balances" }, { tags: ["balances"] }],
  ] as [MutationOption, MutationOption][])("is invalidated for %o alone", async (mutation, told) => {
    const cache = new ObservedCache();
    const { db } = open({ cache });
    await db.transaction((tx) => tx.$cache.invalidate(mutation));
    expect(cache.mutations).toEqual([told]);
  });

  it("is not invalidated after a transaction that changed nothing or was rolled back", async () => {
    const cache = new ObservedCache();
    const { db } = open({ cache });
    await db.transaction(async (tx) => {
      await tx.select().from(accounts);
    });
    const failed = db.transaction(async (tx) => {
      await tx.insert(accounts).values({ id: "1" });
      throw new Error("mine");
    });
    await expect(failed).rejects.toThrow("mine");
    expect(cache.mutations).toEqual([]);
  });

  it("is invalidated after a COMMIT of undetermined outcome; without a cache nothing fails", async () => {
    const cache = new ObservedCache();
    for (const options of [{ cache }, {}]) {
      const { db } = open(options);
      server.next(/COMMIT/, cut);
      const unknown = db.transaction((tx) => tx.insert(accounts).values({ id: "1" }));
      await expect(unknown).rejects.toThrow(CommitOutcomeUnknownError);
    }
    expect(cache.mutations).toEqual([{ tables: ["accounts"] }]);
  });

  it("that fails does not undo a commit, and is reported with the names of what changed", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const cache = new ObservedCache();
    vi.spyOn(cache, "onMutate").mockRejectedValue(new Error("away"));
    const { db } = open({ cache });
    const change = { tables: [accounts, "log"], tags: ["balances"] };
    await db.transaction((tx) => tx.$cache.invalidate(change as MutationOption));
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("accounts, log, balances: Error: away"),
      { type: "DsqlWarning", code: "DSQL_CACHE_NOT_INVALIDATED" },
    );
    warn.mockRestore();
  });

  it("can be omitted, and tx.$cache then does nothing", async () => {
    const warn = vi.spyOn(process, "emitWarning");
    const { db } = open();
    await db.transaction((tx) => tx.$cache.invalidate({ tables: "accounts" }));
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

function causeOf(error: Error): unknown {
  return error.cause ?? error;
}
