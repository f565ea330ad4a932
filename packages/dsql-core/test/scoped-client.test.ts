import { Query } from "pg";
import { describe, expect, test } from "vitest";
import {
  refuseStatement,
  scopedClient,
  scopedWork,
  transactionScope,
  WorkScope,
} from "../src/client/scoped-client.ts";
import { DsqlClient, TransactionEndedError, TransactionScopeError } from "../src/index.ts";
import { useScriptedServer } from "./scripted-server.ts";

const server = useScriptedServer();
const over = new Error("the scope is over");

describe("a scoped client", () => {
  test("behaves like the client as long as nothing is refused", async () => {
    const client = await server.connect();
    const scoped = scopedClient(client, () => undefined);
    expect(scoped).toBeInstanceOf(DsqlClient);
    expect(scoped.constructor).toBe(DsqlClient);
    expect(scoped.session).toBe(client.session);
    expect(scoped.query).toBe(scoped.query);
    expect(scoped.toJSON).toBe(scoped.toJSON);
    expect(scoped.toJSON()).toEqual(client.toJSON());
    expect(scoped.on("notice", () => {})).toBe(scoped);
    expect((await scoped.query("SELECT $1", [1])).rowCount).toBe(1);
    expect(await scoped.transactionWithRetry(async () => "done")).toBe("done");
    expect(await scoped.transaction(async () => "done")).toBe("done");
    await scoped.end();
    await expect(client.query("SELECT 1")).rejects.toThrow("Client was closed");
  });

  test("passes on end's callback", async () => {
    const client = await server.connect();
    const scoped = scopedClient(client, () => undefined);
    await new Promise<void>((resolve) => scoped.end(() => resolve()));
    expect(server.session.isTerminated).toBe(true);
  });

  test("has the members that replace the client's", async () => {
    const client = await server.connect();
    const query = () => "mine";
    expect(scopedClient(client, () => over, { query }).query("SELECT 1")).toBe("mine");
  });

  test("checks each statement", async () => {
    const client = await server.connect();
    const asked: unknown[] = [];
    const scoped = scopedClient(client, (query) => {
      asked.push(query);
      return undefined;
    });
    await scoped.query("SELECT 1");
    expect(asked).toEqual(["SELECT 1"]);
  });

  test("sends and closes nothing if it is refused", async () => {
    const client = await server.connect();
    const scoped = scopedClient(client, () => over);
    await expect(scoped.query("SELECT 1")).rejects.toBe(over);
    await expect(scoped.transactionWithRetry(async () => {})).rejects.toBe(over);
    await expect(scoped.transaction(async () => {})).rejects.toBe(over);
    await scoped.end();
    await new Promise<void>((resolve) => scoped.end(() => resolve()));
    expect(scoped.toJSON()).toEqual(client.toJSON());
    await client.query("SELECT 2");
    expect(server.received).toEqual(["SELECT 2"]);
  });
});

describe("a refused statement", () => {
  test("rejects, calls back or emits, depending on how it was sent", async () => {
    await expect(refuseStatement(over, ["SELECT 1"])).rejects.toBe(over);
    await expect(refuseStatement(over, [undefined])).rejects.toBe(over);
    await expect(refuseStatement(over, [{ callback: "no function" }])).rejects.toBe(over);
    const calls: ((done: (error: unknown) => void) => unknown)[] = [
      (done) => refuseStatement(over, ["SELECT 1", done]),
      (done) => refuseStatement(over, ["SELECT 1", [], done]),
      (done) => refuseStatement(over, [{ text: "SELECT 1", callback: done }]),
    ];
    for (const call of calls) {
      let returned: unknown = "nothing";
      const error = await new Promise((resolve) => {
        returned = call(resolve);
      });
      expect([error, returned]).toEqual([over, undefined]);
    }
    const query = new Query("SELECT 1");
    const heard = new Promise((resolve) => query.on("error", resolve));
    expect(refuseStatement(over, [query])).toBe(query);
    expect(await heard).toBe(over);
  });
});

describe("the work of a transaction", () => {
  test.each(["COMMIT", "ROLLBACK", "end", "SELECT 1; COMMIT", "abort"])("may not send %s", async (text) => {
    const client = await server.connect();
    const scope = transactionScope(client);
    await expect(scope.client.query(text)).rejects.toThrow(TransactionScopeError);
    expect(server.received).toEqual([]);
  });

  test("may not send a prepared one by its name alone", async () => {
    const client = await server.connect();
    await client.query({ name: "end", text: "COMMIT" });
    const { client: own } = transactionScope(client);
    await expect(own.query({ name: "end" } as never)).rejects.toThrow(TransactionScopeError);
    expect(server.received).toEqual(["COMMIT"]);
  });

  test("may send everything else, until it is over", async () => {
    const client = await server.connect();
    await client.query({ name: "one", text: "SELECT 1" });
    const scope = transactionScope(client);
    await scope.client.query("BEGIN");
    await scope.client.query("SELECT 1; SELECT 2");
    await scope.client.query({ name: "one" } as never);
    expect(server.received).toEqual(["SELECT 1", "BEGIN", "SELECT 1; SELECT 2", "SELECT 1"]);
    scope.end();
    await expect(scope.client.query("SELECT 3")).rejects.toThrow(TransactionEndedError);
  });

  test("has the same rules for an adapter, also for unknown SQL", () => {
    const scope = new WorkScope();
    expect(scope.refusal(undefined)).toBeUndefined();
    expect(scope.refusal("SELECT 1")).toBeUndefined();
    expect(scope.refusal("SAVEPOINT a")).toBeUndefined();
    scope.end();
    expect(scope.refusal(undefined)).toBeInstanceOf(TransactionEndedError);
  });

  test("must be a function, and can use its client while it runs", async () => {
    expect(() => scopedWork("BEGIN" as never)).toThrow("must be a function");
    const client = await server.connect();
    let kept = client;
    const work = scopedWork(async (own: DsqlClient) => {
      kept = own;
      return await own.query("SELECT 1");
    });
    expect((await work(client)).rowCount).toBe(1);
    await expect(kept.query("SELECT 2")).rejects.toThrow(TransactionEndedError);
    const mine = new Error("mine");
    const failing = scopedWork(async (own: DsqlClient) => {
      kept = own;
      throw mine;
    });
    await expect(failing(client)).rejects.toBe(mine);
    await expect(kept.query("SELECT 2")).rejects.toThrow(TransactionEndedError);
  });
});
