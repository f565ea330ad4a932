import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { classifyError } from "dsql-core";
import { expect } from "vitest";
import { codesOf, errorChain, rejectionOf } from "../error-chain.ts";
import type { Scenario, Theme } from "../scenario.ts";

type Context = Parameters<Scenario>[0];

/** Sets an account's balance in a transaction while another one, which commits first, sets it too. */
function meetConflict({ session }: Context, id: string): Promise<void> {
  return session.transaction(async (transaction) => {
    await transaction.accounts.find(id);
    await session.accounts.setBalance(id, 55n);
    await transaction.accounts.setBalance(id, 66n);
  });
}

/** A barrier: callers wait until that many have arrived, and for the action that then runs. */
class Rendezvous {
  #missing: number;
  readonly #met: Promise<void>;
  #open: () => void = () => {};

  constructor(parties: number, whenMet: () => Promise<unknown>) {
    this.#missing = parties;
    this.#met = new Promise<void>((resolve) => {
      this.#open = resolve;
    }).then(async () => void (await whenMet()));
  }

  meet(): Promise<void> {
    if (--this.#missing === 0) this.#open();
    return this.#met;
  }
}

/** Conflicts and their retries. */
export const conflicts = {
  "reports a conflict between two transactions as one": async (context) => {
    const account = await context.newAccount();
    const error = await rejectionOf(meetConflict(context, account.id));
    expect(classifyError(error)).toBe("data");
    expect((await context.session.accounts.find(account.id))?.balance).toBe(55n);
  },
  "reports a conflict at COMMIT as one": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    for (const [code, occType] of [
      ["OC000", "data"],
      ["OC001", "schema"],
    ] as const) {
      local.faults.conflictCommits(1, code);
      const error = await rejectionOf(
        session.transaction((work) => work.accounts.setBalance(account.id, 0n)),
      );
      expect(classifyError(error)).toBe(occType);
    }
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "keeps its connection after a conflict": async ({ open, local, newAccount }) => {
    const session = await open({ max: 2 });
    const account = await newAccount();
    for (let turn = 0; turn < 5; turn++) {
      local.faults.conflictCommits(1);
      await rejectionOf(session.transaction((work) => work.accounts.setBalance(account.id, 0n)));
    }
    await session.transaction((work) => work.accounts.setBalance(account.id, 1n));
    expect(session.pool.stats.connectionsOpened).toBe(1);
  },
  "retries a statement outside a transaction, also one with a semicolon in a string": async ({
    session,
    local,
  }) => {
    for (const code of ["OC000", "OC001"] as const) {
      const owner = `a; b ${code} ${randomUUID()}`;
      local.faults.conflictCommits(2, code);
      await session.query(`insert into conformance_account values (gen_random_uuid(), '${owner}', 1);`);
      expect(local.faults.counts.conflict).toBe(2);
      local.faults.clear();
      const stored = await session.query("select balance::int from conformance_account where owner = $1", [
        owner,
      ]);
      expect(stored).toEqual([{ balance: 1 }]);
    }
  },
  "retries the whole transaction after a conflict at COMMIT": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    for (const code of ["OC000", "OC001"] as const) {
      const before = (await session.accounts.find(account.id))?.balance ?? 0n;
      let runs = 0;
      local.faults.conflictCommits(2, code);
      const result = await session.transactionWithRetry(async (transaction) => {
        runs++;
        const read = await transaction.accounts.find(account.id);
        await transaction.accounts.setBalance(account.id, (read?.balance ?? 0n) + 1n);
        return runs;
      });
      expect(result).toBe(3);
      expect((await session.accounts.find(account.id))?.balance).toBe(before + 1n);
    }
  },
  "retries the whole transaction when the schema changes during it": async ({ session, newAccount }) => {
    const account = await newAccount();
    const table = `conformance_${account.id.replaceAll("-", "")}`;
    let runs = 0;
    await session.transactionWithRetry(async (transaction) => {
      runs++;
      await transaction.accounts.find(account.id);
      if (runs === 1) await session.query(`create table ${table} (id integer primary key)`);
      await transaction.accounts.setBalance(account.id, 4n);
    });
    expect(runs).toBe(2);
    expect((await session.accounts.find(account.id))?.balance).toBe(4n);
  },
  "loses no update of 8 clients that fight over one row": async ({ session, newAccount }) => {
    const account = await newAccount(0n);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        session.transactionWithRetry(async (transaction) => {
          const read = await transaction.accounts.find(account.id);
          await transaction.accounts.setBalance(account.id, (read?.balance ?? 0n) + 1n);
        }),
      ),
    );
    expect((await session.accounts.find(account.id))?.balance).toBe(8n);
  },
  "lets retries of transactions that lost over the same row take turns": async ({ session, newAccount }) => {
    const account = await newAccount(0n);
    // Both lose: they have read the balance before somebody else sets it.
    const bothHaveRead = new Rendezvous(2, () => session.accounts.setBalance(account.id, 1n));
    let running = 0;
    let mostAtOnce = 0;
    const addOne = async () => {
      let attempt = 0;
      await session.transactionWithRetry(async (transaction) => {
        const isRetry = ++attempt > 1;
        const read = await transaction.accounts.find(account.id);
        if (!isRetry) await bothHaveRead.meet();
        if (isRetry) mostAtOnce = Math.max(mostAtOnce, ++running);
        try {
          // Longer than a wait by full jitter before the first retry.
          if (isRetry) await setTimeout(60);
          await transaction.accounts.setBalance(account.id, (read?.balance ?? 0n) + 1n);
        } finally {
          if (isRetry) running--;
        }
      });
    };
    await Promise.all([addOne(), addOne()]);
    expect((await session.accounts.find(account.id))?.balance).toBe(3n);
    expect(mostAtOnce).toBe(1);
  },
  "retries a single statement that met a conflict": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.conflictCommits(1);
    expect(await session.accounts.setBalance(account.id, 3n)).toBe(1);
    expect(local.faults.counts.conflict).toBe(1);
    expect((await session.accounts.find(account.id))?.balance).toBe(3n);
  },
  "retries a transaction, or a read, that met an unavailable server": async ({
    session,
    local,
    newAccount,
  }) => {
    const account = await newAccount();
    let runs = 0;
    const reasons: string[] = [];
    await session.transactionWithRetry(
      async (transaction) => {
        runs++;
        if (runs === 1) local.faults.serverUnavailable("statement");
        await transaction.accounts.setBalance(account.id, 3n);
      },
      { onRetry: ({ reason }) => reasons.push(reason) },
    );
    expect(runs).toBe(2);
    expect(reasons).toHaveLength(1);
    expect((await session.accounts.find(account.id))?.balance).toBe(3n);
    local.faults.serverUnavailable("statement");
    expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
  },
  "stops after maxAttempts and reports the number of attempts": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.conflictCommits(3);
    const attempts: number[] = [];
    const error = await rejectionOf(
      session.transactionWithRetry((work) => work.accounts.setBalance(account.id, 0n), {
        maxAttempts: 3,
        baseDelayMs: 1,
        maxDelayMs: 2,
        onRetry: (event) => attempts.push(event.attempt),
      }),
    );
    const exhausted = [...errorChain(error)].find((link) => link.code === "DSQL_OCC_RETRY_EXHAUSTED");
    expect(exhausted).toMatchObject({ attempts: 3, occType: "data" });
    expect(attempts).toHaveLength(2);
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "retries only conflicts": async ({ session, newAccount }) => {
    const account = await newAccount();
    let runs = 0;
    const error = await rejectionOf(
      session.transactionWithRetry(async (transaction) => {
        runs++;
        await transaction.accounts.insert([account]);
      }),
    );
    expect(codesOf(error)).toContainEqual(expect.stringMatching(/^(23505|P2002)$/));
    expect(runs).toBe(1);
  },
  "stops before the next attempt when it is aborted": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    const abort = new AbortController();
    const reason = new Error("no longer wanted");
    local.faults.conflictCommits(1);
    let runs = 0;
    const error = await rejectionOf(
      session.transactionWithRetry(
        async (transaction) => {
          runs++;
          await transaction.accounts.setBalance(account.id, 0n);
        },
        { signal: abort.signal, onRetry: () => abort.abort(reason) },
      ),
    );
    expect([...errorChain(error)]).toContain(reason);
    expect(runs).toBe(1);
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "keeps a commit when the abort arrives too late": async ({ session, newAccount }) => {
    const account = await newAccount();
    const abort = new AbortController();
    const result = await session.transactionWithRetry(
      async (transaction) => {
        await transaction.accounts.setBalance(account.id, 12n);
        abort.abort();
        return "stored";
      },
      { signal: abort.signal },
    );
    expect(result).toBe("stored");
    expect((await session.accounts.find(account.id))?.balance).toBe(12n);
  },
} satisfies Theme;
