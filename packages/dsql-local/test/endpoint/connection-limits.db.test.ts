import { describe, expect, it } from "vitest";
import { startLocalDsql } from "../../src/index.ts";
import { connect, refusedLogin } from "../support/client.ts";

describe("the limits on connections", () => {
  it("refuse one too many open, and let the next in when one has gone", async () => {
    await using local = await startLocalDsql({ limits: { maxConnections: 2 } });
    const [first, second] = [await connect(local), await connect(local)];
    expect(await refusedLogin(local)).toMatchObject({
      code: "53300",
      message: "Unable to accept connection, too many open connections.",
    });
    await first.end();
    while (local.stats.sessionsOpen > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const third = await connect(local);
    await Promise.all([second.end(), third.end()]);
  });

  it("refuse more new ones than the rate allows", async () => {
    await using local = await startLocalDsql({ limits: { connectionRate: 0.001, connectionBurst: 1 } });
    const client = await connect(local);
    expect(await refusedLogin(local)).toMatchObject({
      code: "53400",
      message: "Unable to accept connection, rate exceeded.",
    });
    await client.end();
  });

  it("close a session of age, but not inside its transaction", async () => {
    await using local = await startLocalDsql({ limits: { maxSessionAgeMs: 300 } });
    const [idle, busy] = [await connect(local), await connect(local)];
    const closed = (client: typeof idle) => new Promise((resolve) => client.once("end", resolve));
    const [idleClosed, busyClosed] = [closed(idle), closed(busy)];
    await busy.query("BEGIN");
    await idleClosed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await busy.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await busy.query("COMMIT");
    await busyClosed;
  });
});
