import type { SqlQuery, Transaction } from "@prisma/driver-adapter-utils";
import { DsqlConfigError, DsqlPool } from "dsql-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  cut,
  failure,
  nothing,
  type Reaction,
  useScriptedServer,
} from "../../dsql-core/test/scripted-server.ts";
import { PrismaDsql, type PrismaDsqlOptions } from "../src/index.ts";

const server = useScriptedServer();
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  vi.stubEnv("PGHOST", undefined);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const session of server.sessions) session.cut();
  for (const close of closing.splice(0)) await close();
});

function query(sql: string): SqlQuery {
  return { sql, args: [], argTypes: [] };
}

const SELECT = query("SELECT 1");
const PATIENT = { timeout: 20_000 };
/** COMMIT ends the transaction, also where it fails. */
const conflictAtCommit: Reaction = (session) => {
  session.error("40001", "change conflicts (OC000)");
  session.ready("I");
};

/** The adapter of a client, with a pool of one connection. */
async function connect(options: PrismaDsqlOptions = {}) {
  const pool = new DsqlPool({ ...server.connection, max: 1 });
  closing.push(async () => {
    if (!pool.ending) await pool.end();
  });
  const adapter = await new PrismaDsql(pool, options).connect();
  const begin = async () => {
    const transaction: Transaction = await adapter.startTransaction();
    return transaction;
  };
  return { adapter, pool, begin };
}

describe("the adapter", () => {
  test("sends Prisma's statements, and returns rows and counts", async () => {
    const { adapter } = await connect();
    expect(adapter).toMatchObject({ provider: "postgres", adapterName: "prisma-dsql" });
    expect(await adapter.queryRaw(SELECT)).toMatchObject({ columnNames: ["text"], rows: [["SELECT 1"]] });
    expect(await adapter.executeRaw(query("UPDATE account"))).toBe(1);
    await adapter.executeScript("UPDATE a; UPDATE b");
    expect(server.received).toEqual(["SELECT 1", "UPDATE account", "UPDATE a", "UPDATE b"]);
  });

  test.each([
    ["queryRaw", (adapter: Adapter) => adapter.queryRaw(query("SELECT limits"))],
    ["executeRaw", (adapter: Adapter) => adapter.executeRaw(query("UPDATE limits"))],
    ["executeScript", (adapter: Adapter) => adapter.executeScript("UPDATE limits")],
  ])("gives the errors of %s Prisma's codes", async (_, send) => {
    const { adapter } = await connect();
    server.next(/limits/, failure("54000", "transaction row limit exceeded"));
    await expect(send(adapter)).rejects.toMatchObject({ code: "P2039" });
  });

  test("begins transactions without an isolation level, and refuses those that DSQL does not have", async () => {
    const { adapter } = await connect();
    for (const level of [undefined, "REPEATABLE READ"] as const) {
      const transaction = await adapter.startTransaction(level);
      await transaction.rollback();
    }
    await expect(adapter.startTransaction("SERIALIZABLE")).rejects.toMatchObject({ code: "P2023" });
    expect(server.received).toEqual(["BEGIN", "ROLLBACK", "BEGIN", "ROLLBACK"]);
  });

  test("gives a BEGIN that fails Prisma's code", async () => {
    const { begin } = await connect();
    server.next(/BEGIN/, failure("40001", "change conflicts (OC001)"));
    await expect(begin()).rejects.toMatchObject({ code: "P2034" });
  });
});

describe("a transaction", () => {
  test("leaves COMMIT and ROLLBACK to the adapter, and releases its connection", async () => {
    const { pool, begin } = await connect();
    for (const end of ["commit", "rollback"] as const) {
      const transaction = await begin();
      expect(transaction).toMatchObject({
        provider: "postgres",
        adapterName: "prisma-dsql",
        options: { usePhantomQuery: true },
      });
      expect(await transaction.queryRaw(SELECT)).toMatchObject({ rows: [["SELECT 1"]] });
      expect(await transaction.executeRaw(query("UPDATE account"))).toBe(1);
      await transaction[end]();
      expect(pool.stats).toMatchObject({ idle: 1, connectionsOpened: 1 });
    }
    const sent = (end: string) => ["BEGIN", "SELECT 1", "UPDATE account", end];
    expect(server.received).toEqual([...sent("COMMIT"), ...sent("ROLLBACK")]);
  });

  test("refuses COMMIT, ROLLBACK and savepoints of its work, and goes on", async () => {
    const { begin } = await connect();
    const transaction = await begin();
    await expect(transaction.queryRaw(query("COMMIT"))).rejects.toMatchObject({
      code: "DSQL_TRANSACTION_SCOPE",
    });
    await expect(transaction.executeRaw(query("ROLLBACK"))).rejects.toMatchObject({
      code: "DSQL_TRANSACTION_SCOPE",
    });
    await expect(transaction.createSavepoint?.("a")).rejects.toMatchObject({ code: "P2028" });
    await transaction.commit();
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
  });

  test.each(["commit", "rollback"] as const)("sends nothing after its %s", async (end) => {
    const { begin } = await connect();
    const transaction = await begin();
    const ended = transaction[end]();
    await expect(transaction.queryRaw(SELECT)).rejects.toMatchObject({ code: "DSQL_TRANSACTION_ENDED" });
    await ended;
    expect(server.received).not.toContain("SELECT 1");
  });

  test("gives errors Prisma's codes, also that of an unavailable cluster", async () => {
    const { begin } = await connect();
    const transaction = await begin();
    server.next(/SELECT/, failure("XX000", "server unavailable"));
    await expect(transaction.queryRaw(SELECT)).rejects.toMatchObject({ code: "P2034" });
    await transaction.rollback();
    const second = await begin();
    server.next(/UPDATE/, failure("54000", "transaction row limit exceeded"));
    await expect(second.executeRaw(query("UPDATE account"))).rejects.toMatchObject({ code: "P2039" });
    await second.rollback();
  });

  test("whose COMMIT meets a conflict releases its connection", async () => {
    const { pool, begin } = await connect();
    const transaction = await begin();
    server.next(/COMMIT/, conflictAtCommit);
    await expect(transaction.commit()).rejects.toMatchObject({ code: "P2034" });
    await vi.waitFor(() => expect(pool.stats).toMatchObject({ idle: 1, total: 1 }), PATIENT);
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
  });

  test("whose COMMIT got no response says so, and closes its connection", async () => {
    const { pool, begin } = await connect();
    const transaction = await begin();
    server.next(/COMMIT/, cut);
    await expect(transaction.commit()).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(pool.stats.total).toBe(0);
  });

  test("whose ROLLBACK fails releases its connection, too", async () => {
    const { pool, begin } = await connect();
    const transaction = await begin();
    server.next(/ROLLBACK/, failure("42501"));
    await expect(transaction.rollback()).rejects.toBeInstanceOf(Error);
    await vi.waitFor(() => expect(pool.stats.total).toBe(0), PATIENT);
  });

  test("that Prisma rolls back while a statement runs does not wait for it", async () => {
    const { pool, begin } = await connect();
    const transaction = await begin();
    const arrived = new Promise<void>((resolve) => {
      server.next(/SELECT/, (session, text) => {
        nothing(session, text);
        resolve();
      });
    });
    const running = transaction.queryRaw(SELECT).catch((error: unknown) => error);
    await arrived;
    await transaction.rollback();
    expect(await running).toMatchObject({ code: "P2028" });
    expect(pool.stats.total).toBe(0);
    expect(server.received).toEqual(["BEGIN", "SELECT 1"]);
  });
});

describe("a pool", () => {
  test("that was given stays open at $disconnect, unless disposeExternalPool is set", async () => {
    for (const dispose of [undefined, false, true]) {
      const { adapter, pool } = await connect({ disposeExternalPool: dispose });
      await adapter.dispose();
      expect(pool.ending).toBe(dispose === true);
    }
  });

  test("of options ends at $disconnect, and each later connect makes another", async () => {
    const factory = new PrismaDsql({ ...server.connection, max: 1, retry: { maxAttempts: 7 } });
    expect(factory.retryOptions).toMatchObject({ maxAttempts: 7 });
    for (let turn = 1; turn <= 3; turn++) {
      const adapter = await factory.connect();
      await adapter.queryRaw(SELECT);
      await adapter.dispose();
      await vi.waitFor(() => expect(server.session.isTerminated).toBe(true), PATIENT);
      expect(server.sessions).toHaveLength(turn);
    }
  });

  test("passes on its retry options where it was given", () => {
    const pool = new DsqlPool({ ...server.connection, retry: { maxAttempts: 6 } });
    expect(new PrismaDsql(pool).retryOptions).toMatchObject({ maxAttempts: 6 });
  });

  test("reports a lost idle connection once, and a lost busy one", async () => {
    const onPoolError = vi.fn();
    const onConnectionError = vi.fn();
    const { adapter, begin } = await connect({ onPoolError, onConnectionError });
    await adapter.queryRaw(SELECT);
    server.session.cut();
    await vi.waitFor(() => expect(onPoolError).toHaveBeenCalled(), PATIENT);
    expect(onPoolError).toHaveBeenCalledTimes(1);
    const transaction = await begin();
    server.session.cut();
    await vi.waitFor(() => expect(onConnectionError).toHaveBeenCalled(), PATIENT);
    await transaction.rollback().catch(() => {});
  });
});

describe("a source that is not set", () => {
  test.each([[undefined], [""], [" "], [{}], [{ connectionString: "" }], [{ connectionString: " " }]])(
    "is refused by the first connect: %o",
    async (source) => {
      const factory = new PrismaDsql(source);
      expect(factory.retryOptions).toEqual({});
      await expect(factory.connect()).rejects.toThrow(DsqlConfigError);
    },
  );

  test("is no other, whose options are refused at once", () => {
    const { host } = server.connection;
    const connectionString = `postgresql://admin@${host}/postgres`;
    for (const source of [{ host }, { connectionString }])
      expect(() => new PrismaDsql({ ...source, max: -1 })).toThrow(DsqlConfigError);
    expect(() => new PrismaDsql("mysql://nowhere")).toThrow(DsqlConfigError);
    expect(() => new PrismaDsql({ max: -1 })).not.toThrow();
    vi.stubEnv("PGHOST", host);
    expect(() => new PrismaDsql({ max: -1 })).toThrow(DsqlConfigError);
  });
});

describe("the schema", () => {
  const schemaOf = async (...given: ConstructorParameters<typeof PrismaDsql>) => {
    const adapter = await new PrismaDsql(...given).connect();
    const info = adapter.getConnectionInfo?.();
    await adapter.dispose();
    return info?.schemaName;
  };

  test("is that of the options or of the connection string", async () => {
    const text = `postgresql://admin@${server.connection.host}/postgres`;
    expect(await schemaOf({ ...server.connection })).toBeUndefined();
    expect(await schemaOf({ ...server.connection }, { schema: "shop" })).toBe("shop");
    expect(await schemaOf(text, { schema: "shop" })).toBe("shop");
    expect(await schemaOf(`${text}?schema=bank`)).toBe("bank");
    expect(await schemaOf({ connectionString: `${text}?schema=bank` })).toBe("bank");
    expect(await schemaOf(`${text}?schema=bank`, { schema: "bank" })).toBe("bank");
    expect(() => new PrismaDsql(`${text}?schema=bank`, { schema: "shop" })).toThrow(
      'The option schema is "shop", but the connection string says schema=bank',
    );
  });

  test("leaves the other options beside the connection string in force", async () => {
    const { host, ...others } = server.connection;
    const connectionString = `postgresql://admin@${host}/postgres?schema=bank`;
    const adapter = await new PrismaDsql({ ...others, connectionString }).connect();
    expect(await adapter.queryRaw(SELECT)).toMatchObject({ rows: [["SELECT 1"]] });
    await adapter.dispose();
  });
});

type Adapter = Awaited<ReturnType<typeof connect>>["adapter"];
