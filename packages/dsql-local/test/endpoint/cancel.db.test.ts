import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { cancelRequest } from "../../src/wire/frontend-messages.ts";
import { connect } from "../support/client.ts";

let local: LocalDsql;
beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(() => local?.stop());

function sendCancel(processId: number, secretKey: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp(local.port, "127.0.0.1", () => socket.end(cancelRequest(processId, secretKey)));
    socket.on("close", () => resolve());
    socket.resume();
  });
}

function sendCancelInTls(processId: number, secretKey: number): Promise<void> {
  return new Promise((resolve) => {
    const { port, ca, host: servername } = local;
    const options = { port, host: "127.0.0.1", ca, servername, ALPNProtocols: ["postgresql"] };
    const socket = connectTls(options, () => socket.end(cancelRequest(processId, secretKey)));
    socket.on("close", () => resolve());
    socket.on("error", () => undefined).resume();
  });
}

describe("a cancel request", () => {
  it.each([
    ["without TLS", sendCancel],
    ["in TLS", sendCancelInTls],
  ])("%s ends the statement that is running, and only with the right key", async (_, send) => {
    const client = await connect(local);
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const slow = client.query("SELECT count(*) FROM generate_series(1, 1000000000)").then(
      () => "finished",
      (error) => error.code,
    );
    let settled = false;
    void slow.then(() => {
      settled = true;
    });
    await send(processID, secretKey ^ 1);
    await send(processID ^ 1, secretKey);
    expect(settled).toBe(false);
    // It may come before the statement has started, and does nothing then.
    while (!settled) await send(processID, secretKey);
    expect(await slow).toBe("57014");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it("comes by itself when the client of a running statement goes away", async () => {
    const client = await connect(local);
    const slow = client.query("SELECT count(*) FROM generate_series(1, 1000000000)").catch(() => "gone");
    await new Promise((resolve) => setTimeout(resolve, 50));
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await slow).toBe("gone");
    while (local.stats.sessionsOpen > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
