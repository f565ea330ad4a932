import { startLocalDsql } from "dsql-local";
import { expect } from "vitest";
import { codesOf, messagesOf, rejectionOf } from "../error-chain.ts";
import type { Theme } from "../scenario.ts";

const insertMany =
  "insert into conformance_account select gen_random_uuid(), $1, 1 from generate_series(1, $2::int)";

/** DSQL's limits of one transaction, as clear errors that are not retried. */
export const limits = {
  "writes 3,000 rows in one transaction": async ({ session }) => {
    await session.transaction((work) => work.query(insertMany, ["3,000 rows", 3000]));
    const [row] = await session.query(
      "select count(*)::int as n from conformance_account where owner = '3,000 rows'",
    );
    expect(row?.n).toBe(3000);
  },
  "reports that more than 3,000 rows were written, and does not retry": async ({ session }) => {
    let runs = 0;
    const error = await rejectionOf(
      session.transactionWithRetry(async (work) => {
        runs++;
        await work.query(insertMany, ["3,001 rows", 3001]);
      }),
    );
    expect(codesOf(error)).toContain("54000");
    expect(messagesOf(error)).toContain("transaction row limit exceeded");
    expect(runs).toBe(1);
  },
  "reports that more than 10 MiB were written, and does not retry": async ({ session }) => {
    const insertMebibyte =
      "insert into conformance_column (id, c_text) values (gen_random_uuid(), repeat($1, 1048576))";
    let runs = 0;
    const error = await rejectionOf(
      session.transactionWithRetry(async (work) => {
        runs++;
        for (let mebibyte = 0; mebibyte < 11; mebibyte++) await work.query(insertMebibyte, ["x"]);
      }),
    );
    expect(codesOf(error)).toContain("54000");
    expect(messagesOf(error)).toContain("transaction size limit 10mb exceeded");
    expect(runs).toBe(1);
  },
  "reports that a transaction became too old, and does not retry": async ({ adapter }) => {
    const local = await startLocalDsql({ limits: { maxTransactionAgeMs: 100 } });
    const session = await adapter.open({ ...local.connection });
    try {
      let runs = 0;
      const error = await rejectionOf(
        session.transactionWithRetry(async (work) => {
          runs++;
          await work.query("select 1");
          await new Promise((resolve) => setTimeout(resolve, 300));
          await work.query("select 1");
        }),
      );
      expect(codesOf(error)).toContain("54000");
      expect(messagesOf(error)).toMatch(/transaction age limit of .* exceeded/);
      expect(runs).toBe(1);
    } finally {
      await session.close();
      await local.stop();
    }
  },
} satisfies Theme;
