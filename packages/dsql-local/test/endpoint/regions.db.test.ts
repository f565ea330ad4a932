import { describe, expect, it } from "vitest";
import { startLocalDsql } from "../../src/index.ts";
import { connect, refusedLogin } from "../support/client.ts";

describe("two Regions", () => {
  it("have an endpoint each over the same data, and tokens of their own", async () => {
    await using local = await startLocalDsql({ regions: ["us-east-1", "us-east-2"] });
    const [east1, east2] = local.endpoints;
    if (!east1 || !east2) throw new Error("there are two endpoints");
    expect([east1.region, east2.region]).toEqual(["us-east-1", "us-east-2"]);
    expect(local.connectionString).toBe(east1.connectionString);
    const [one, two] = [await connect(east1), await connect(east2)];
    await one.query("CREATE TABLE shared (id int PRIMARY KEY)");
    await one.query("INSERT INTO shared VALUES (1)");
    // The second session may meet OC001 once, as its catalog is older than the table.
    const { rows } = await two.query("SELECT * FROM shared").catch(() => two.query("SELECT * FROM shared"));
    expect(rows).toEqual([{ id: 1 }]);
    expect(await refusedLogin(east2, { password: east1.token() })).toMatchObject({ code: "08006" });
    await Promise.all([one.end(), two.end()]);
  });

  it("can be taken away and brought back, each by itself", async () => {
    await using local = await startLocalDsql({ regions: ["us-east-1", "us-east-2"] });
    const [east1, east2] = local.endpoints;
    if (!east1 || !east2) throw new Error("there are two endpoints");
    const [one, two] = [await connect(east1), await connect(east2)];
    const lost = new Promise((resolve) => one.once("end", resolve));
    await east1.takeAway();
    await lost;
    await expect(connect(east1)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect((await two.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    const { port } = east1;
    await east1.bringBack();
    expect(east1.port).toBe(port);
    const again = await connect(east1);
    await Promise.all([again.end(), two.end()]);
  });
});
