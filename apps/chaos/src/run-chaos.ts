import { randomUUID } from "node:crypto";
import { type LocalConnection, startLocalDsql } from "dsql-local";
import { type Adapter, chaosPool, type Deposit } from "./adapter.ts";
import { coreAdapter } from "./adapters/core.ts";
import { drizzleAdapter } from "./adapters/drizzle.ts";
import { kyselyAdapter } from "./adapters/kysely.ts";
import { prismaAdapter } from "./adapters/prisma.ts";
import { ChaosProxy, type Trouble } from "./chaos-proxy.ts";
import { ACCOUNTS, createTables, Ledger } from "./ledger.ts";
import { seeded } from "./random.ts";

const adapters: Readonly<Record<string, (connection: LocalConnection) => Adapter>> = {
  core: coreAdapter,
  kysely: kyselyAdapter,
  drizzle: drizzleAdapter,
  prisma: prismaAdapter,
};

/** Callers at the same time through each adapter. */
const CALLERS = 6;
/** No call may take longer: time limits end a call whose bytes were dropped. */
const HANG_MS = 90_000;

/** The result of a run. */
export interface ChaosReport {
  seed: number;
  committed: number;
  failed: number;
  undetermined: number;
  reads: number;
  troubles: Readonly<Record<Trouble, number>>;
  /** Broken promises, as sentences. */
  problems: string[];
}

/** Makes deposits through every adapter while the proxy injects faults, then compares the reported outcomes with what is stored. */
export async function runChaos({
  seed,
  durationMs,
}: {
  seed: number;
  durationMs: number;
}): Promise<ChaosReport> {
  const random = seeded(seed);
  const local = await startLocalDsql({ limits: { connectionRate: 10_000, connectionBurst: 10_000 } });
  const observer = chaosPool(local.connection);
  try {
    await createTables(observer);
    const { hostaddr, host, port } = local.connection;
    await using proxy = await ChaosProxy.start({ host: hostaddr ?? host, port }, random);
    const ledger = new Ledger();
    const problems: string[] = [];
    const until = performance.now() + durationMs;
    let reads = 0;
    const through = async (name: string, open: (connection: LocalConnection) => Adapter) => {
      const adapter = open({ ...local.connection, port: proxy.port });
      const caller = async () => {
        while (performance.now() < until) {
          const deposit = randomDeposit(random);
          const drawn = random();
          const what = drawn < 0.6 ? "deposit" : drawn < 0.8 ? "enter" : "balance";
          const hang = whenHanging(() => problems.push(`${name}: ${what} ${deposit.name} hangs`));
          if (what === "balance")
            await adapter.balance(deposit.account).then(
              () => reads++,
              () => {},
            );
          else await ledger.note(name, deposit, adapter[what](deposit));
          hang.over();
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      const hang = whenHanging(() => problems.push(`${name}: closing hangs`));
      await adapter.close();
      hang.over();
    };
    const everything = Promise.all(Object.entries(adapters).map(([name, open]) => through(name, open)));
    await Promise.race([everything, hangsAfter(durationMs + 2 * HANG_MS)]);
    problems.push(...(await ledger.problems(observer)));
    return { seed, ...ledger.counts, reads, troubles: proxy.counts, problems };
  } finally {
    await observer.end();
    await local.stop();
  }
}

function randomDeposit(random: () => number): Deposit {
  return {
    name: randomUUID(),
    account: 1 + Math.floor(random() * ACCOUNTS),
    amount: 1 + Math.floor(random() * 9),
  };
}

function whenHanging(report: () => void): { over(): void } {
  const timer = setTimeout(report, HANG_MS);
  return { over: () => clearTimeout(timer) };
}

async function hangsAfter(limitMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, limitMs).unref());
}
