import { DsqlPool } from "dsql-core";
import { startLocalDsql } from "dsql-local";
import { expect, test } from "vitest";
import { createTables, Ledger } from "../src/ledger.ts";

test("the ledger finds what was lost, done twice, done though it was reported failed, and never reported", async () => {
  await using local = await startLocalDsql();
  const pool = new DsqlPool(local.connection);
  try {
    await createTables(pool);
    const enter = (name: string) =>
      pool.query("INSERT INTO entries (deposit, account, amount) VALUES ($1, 1, 5)", [name]);
    const ledger = new Ledger();
    const note = (name: string, made: Promise<void>) =>
      ledger.note("core", { name, account: 1, amount: 5 }, made);
    const undetermined = Object.assign(new Error("no response"), { code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    await note("lost", Promise.resolve());
    await note("twice", Promise.resolve());
    await note("kept", Promise.reject(new Error("refused")));
    await note("once", Promise.resolve());
    await note("perhaps", Promise.reject(undetermined));
    await note("perhaps not", Promise.reject(undetermined));
    await note("not kept", Promise.reject(new Error("refused")));
    for (const name of ["twice", "twice", "kept", "once", "perhaps", "stray"]) await enter(name);
    expect(ledger.counts).toEqual({ committed: 3, failed: 2, undetermined: 2 });
    const problems = await ledger.problems(pool);
    expect(problems.map((problem) => problem.split("\n")[0])).toEqual([
      "core: lost was reported committed and is stored 0 times",
      "core: twice was reported committed and is stored 2 times",
      expect.stringContaining("core: kept was reported failed and is stored 1 times"),
      "stray is stored and was never reported",
      "account 1 has 0, and its entries make 30",
    ]);
  } finally {
    await pool.end();
  }
});
