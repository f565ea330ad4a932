import { describe, expect, it } from "vitest";
import { startLocalDsql } from "../../src/index.ts";
import { connect, refusedLogin } from "../support/client.ts";

describe("a role of the user's own", () => {
  it("logs in with a DbConnect token once IAM was given it, and not after that was taken back", async () => {
    await using local = await startLocalDsql();
    const admin = await connect(local);
    const arn = "arn:aws:iam::123456789012:role/worker";
    await admin.query("CREATE ROLE worker WITH LOGIN");
    await admin.query(`AWS IAM GRANT worker TO '${arn}'`);
    const worker = await connect(local, { user: "worker" });
    expect((await worker.query("SELECT current_user, session_user")).rows).toEqual([
      { current_user: "worker", session_user: "worker" },
    ]);
    await expect(worker.query("CREATE ROLE another")).rejects.toMatchObject({ code: "42501" });
    await worker.end();
    expect(await refusedLogin(local, { user: "worker", password: local.token() })).toMatchObject({
      hint: "Wrong user to action mapping. user: worker, action: DbConnectAdmin",
    });
    await admin.query(`AWS IAM REVOKE worker FROM '${arn}'`);
    expect(await refusedLogin(local, { user: "worker" })).toMatchObject({ code: "08006" });
    await admin.end();
  });
});
