import { expect, it } from "vitest";
import { startLocalDsql } from "../../../src/index.ts";
import { connect } from "../../support/client.ts";

it("refuses the next statement of a transaction that has become too old, and its COMMIT, and stores nothing", async () => {
  await using local = await startLocalDsql({ limits: { maxTransactionAgeMs: 1000 } });
  const tooOld = {
    code: "54000",
    message: "transaction age limit of 1s exceeded",
    detail: "Current transaction age 1s exceeds 1s",
  };
  const client = await connect(local);
  await client.query("CREATE TABLE item (id int PRIMARY KEY)");
  const begin = "BEGIN; INSERT INTO item VALUES (1); SELECT pg_sleep(1.01)";
  await client.query(begin);
  await expect(client.query("SELECT 1")).rejects.toMatchObject(tooOld);
  expect((await client.query("COMMIT")).command).toBe("ROLLBACK");
  await client.query(begin);
  await expect(client.query("COMMIT")).rejects.toMatchObject(tooOld);
  expect((await client.query("SELECT FROM item")).rowCount).toBe(0);
  await client.end();
});
