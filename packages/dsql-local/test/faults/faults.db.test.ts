import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect, refusedLogin } from "../support/client.ts";

let local: LocalDsql;
let observer: pg.Client;
beforeAll(async () => {
  local = await startLocalDsql();
  observer = await connect(local);
  await observer.query("CREATE TABLE entries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text)");
});
afterAll(async () => {
  await observer?.end();
  await local?.stop();
});
beforeEach(async () => {
  local.faults.clear();
  await observer.query("DELETE FROM entries");
});

const names = async (): Promise<string[]> =>
  (await observer.query("SELECT name FROM entries ORDER BY name")).rows.map((row) => row.name);
const insert = (client: pg.Client, name: string) =>
  client.query("INSERT INTO entries (name) VALUES ($1)", [name]);
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error) => error.code ?? error.message,
  );

describe("a fault", () => {
  it("conflicts the next commits, of transactions and of single writes, and leaves reads alone", async () => {
    const client = await connect(local);
    local.faults.conflictCommits(1);
    local.faults.conflictCommits(1, "OC001");
    await client.query("SELECT 1");
    await client.query("BEGIN");
    await insert(client, "a");
    await expect(client.query("COMMIT")).rejects.toMatchObject({
      code: "40001",
      message: expect.stringMatching(/OC000/),
    });
    await expect(insert(client, "b")).rejects.toMatchObject({
      code: "40001",
      message: expect.stringMatching(/OC001/),
    });
    await insert(client, "c");
    expect(await names()).toEqual(["c"]);
    expect(local.faults.counts.conflict).toBe(2);
    await client.end();
  });

  it("cuts the connection before BEGIN, in a statement and before COMMIT, and nothing is committed", async () => {
    for (const point of ["before-begin", "in-statement", "before-commit"] as const) {
      const client = await connect(local);
      local.faults.cutConnection(point);
      const work = client
        .query("BEGIN")
        .then(() => insert(client, point))
        .then(() => client.query("COMMIT"));
      expect(await outcome(work), point).toBe("Connection terminated unexpectedly");
      expect(local.faults.counts[`cut-${point}`]).toBe(1);
    }
    expect(await names()).toEqual([]);
  });

  it("cuts the connection after a commit, which stays", async () => {
    for (const [name, transaction] of Object.entries({ explicit: true, single: false })) {
      const client = await connect(local);
      if (transaction) await client.query("BEGIN");
      if (transaction) await insert(client, name);
      local.faults.cutConnection("after-commit");
      const work = transaction ? client.query("COMMIT") : insert(client, name);
      expect(await outcome(work)).toBe("Connection terminated unexpectedly");
    }
    expect(await names()).toEqual(["explicit", "single"]);
    expect(local.faults.counts["cut-after-commit"]).toBe(2);
  });

  it("ends the session with FATAL in place of a statement or a commit, and nothing is committed", async () => {
    for (const point of ["statement", "commit"] as const) {
      const client = await connect(local);
      const closed = new Promise<void>((resolve) => client.on("end", () => resolve()));
      client.on("error", () => {});
      await client.query("BEGIN");
      if (point === "commit") await insert(client, "a");
      local.faults.endSession(point);
      const work = point === "commit" ? client.query("COMMIT") : insert(client, "b");
      await expect(work).rejects.toMatchObject({ severity: "FATAL", code: "57P01" });
      await closed;
      expect(local.faults.counts[`fatal-${point}`]).toBe(1);
    }
    const alone = await connect(local);
    alone.on("error", () => {});
    local.faults.endSession("commit");
    await expect(insert(alone, "c")).rejects.toMatchObject({ severity: "FATAL", code: "57P01" });
    expect(await names()).toEqual([]);
  });

  it("drops the response to BEGIN or ROLLBACK, which are carried out", async () => {
    for (const to of ["begin", "rollback"] as const) {
      const client = await connect(local);
      client.on("error", () => {});
      if (to === "rollback") {
        await client.query("BEGIN");
        await insert(client, "a");
      }
      local.faults.dropResponse(to);
      const answered = client.query(to).then(
        () => true,
        () => false,
      );
      expect(
        await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 100, "silent"))]),
      ).toBe("silent");
      expect(local.faults.counts[`dropped-${to}-response`]).toBe(1);
      // The connection is open until the client gives up.
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect(await answered).toBe(false);
    }
    expect(await names()).toEqual([]);
  });

  it("drops the response to a commit, which is kept", async () => {
    const client = await connect(local);
    await client.query("BEGIN");
    await insert(client, "a");
    local.faults.dropCommitResponse();
    const answered = client.query("COMMIT").then(
      () => "answered",
      () => "closed",
    );
    while ((await names()).length === 0);
    expect(local.faults.counts["dropped-commit-response"]).toBe(1);
    await client.end();
    expect(await answered).toBe("closed");
  });

  it("sends XX000 and keeps the connection: for a statement, for a commit that failed, and for one that was carried out", async () => {
    const client = await connect(local);
    for (const point of ["statement", "commit", "after-commit"] as const) {
      local.faults.serverUnavailable(point);
      await client.query("BEGIN");
      const work = insert(client, point).then(() => client.query("COMMIT"));
      await expect(work).rejects.toMatchObject({ code: "XX000", message: "server unavailable" });
      await client.query("ROLLBACK");
      expect(local.faults.counts[`unavailable-${point}`]).toBe(1);
    }
    expect(await names()).toEqual(["after-commit"]);
    await client.end();
  });

  it("refuses connections and tokens, with DSQL's hint if a token is made expired", async () => {
    local.faults.refuseConnections("53300");
    local.faults.refuseConnections("53400");
    expect([(await refusedLogin(local)).code, (await refusedLogin(local)).code]).toEqual(["53300", "53400"]);
    local.faults.refuseTokens("expired");
    local.faults.refuseTokens("invalid");
    const [expired, invalid] = [await refusedLogin(local), await refusedLogin(local)];
    expect([expired.code, invalid.code]).toEqual(["08006", "08006"]);
    expect([expired.hint?.startsWith("Signature expired: "), invalid.hint]).toEqual([true, undefined]);
    expect(local.faults.counts).toMatchObject({ "refused-connection": 2, "refused-token": 2 });
  });

  it("delays each round trip once, and each commit once", async () => {
    const client = await connect(local);
    local.faults.latency({ roundTripMs: 1, commitMs: 1, commitJitter: 0.3 });
    await client.query("BEGIN");
    await insert(client, "a");
    await client.query("COMMIT");
    await client.query("SELECT name FROM entries WHERE name = $1", ["a"]);
    await insert(client, "b");
    expect(local.faults.counts).toMatchObject({ "delayed-round-trip": 5, "delayed-commit": 2 });
    await client.end();
  });
});
