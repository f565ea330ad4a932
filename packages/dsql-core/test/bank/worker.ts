/** One process of the bank: makes transfers through every adapter, and reports the outcome that it received for each. */
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { failureOf } from "dsql-core";
import type { BankPoolOptions } from "./bank-pool.ts";
import { seeded } from "./random-faults.ts";
import { coreTeller } from "./tellers/core.ts";
import { drizzleTeller } from "./tellers/drizzle.ts";
import { kyselyTeller } from "./tellers/kysely.ts";
import { prismaTeller } from "./tellers/prisma.ts";
import { ACCOUNTS, type Teller, type Transfer } from "./transfer.ts";

/** What a worker has to do. */
export interface WorkOrder extends BankPoolOptions {
  transfers: number;
  concurrency: number;
  seed: number;
}

/** The outcomes that a worker received for its transfers. */
export interface Told {
  committed: string[];
  failed: string[];
  unknown: string[];
  /** How many transfers each adapter made. */
  byAdapter: Record<string, number>;
  /** For each that did not commit, its adapter and its error. */
  reasons: Record<string, string>;
}

const tellers = { core: coreTeller, kysely: kyselyTeller, drizzle: drizzleTeller, prisma: prismaTeller };

process.once("message", (order: WorkOrder) => {
  work(order).then(
    (told) => process.send?.({ told }, () => process.disconnect()),
    (error: unknown) => {
      process.send?.({ crashed: error instanceof Error ? error.stack : String(error) }, () =>
        process.exit(1),
      );
    },
  );
});

async function work(order: WorkOrder): Promise<Told> {
  const random = seeded(order.seed);
  const told: Told = { committed: [], failed: [], unknown: [], byAdapter: {}, reasons: {} };
  const staff = await Promise.all(
    Object.entries(tellers).map(async ([name, open]) => ({ name, teller: await open(order) })),
  );
  let left = order.transfers;
  const counter = async () => {
    while (left-- > 0) {
      const { name, teller } = staff[Math.floor(random() * staff.length)] ?? (staff[0] as (typeof staff)[0]);
      told.byAdapter[name] = (told.byAdapter[name] ?? 0) + 1;
      const transfer = randomTransfer(random);
      const error = await carryOut(teller, transfer, random() < 0.3, told);
      if (error !== undefined) told.reasons[transfer.id] = `${name}: ${inspect(error)}`;
      process.send?.({ transferOver: true });
    }
  };
  try {
    await Promise.all(Array.from({ length: order.concurrency }, counter));
  } finally {
    await Promise.all(staff.map(({ teller }) => teller.close()));
  }
  return told;
}

function randomTransfer(random: () => number): Transfer {
  const from = 1 + Math.floor(random() * ACCOUNTS);
  const to = 1 + ((from + Math.floor(random() * (ACCOUNTS - 1))) % ACCOUNTS);
  return { id: randomUUID(), from, to, amount: 1 + Math.floor(random() * 50) };
}

/** Makes a transfer and records its outcome; returns the error if it did not commit. */
async function carryOut(teller: Teller, transfer: Transfer, looks: boolean, told: Told): Promise<unknown> {
  try {
    await teller.transfer(transfer, looks ? { verifyCommit: () => teller.isStored(transfer.id) } : {});
    told.committed.push(transfer.id);
    return undefined;
  } catch (error) {
    // A COMMIT may take effect after the check that did not find it; the ledger's key then refuses the second run.
    if (looks && isDuplicate(error)) {
      told.committed.push(transfer.id);
      return undefined;
    }
    const isUnknown = failureOf(error) === "commit-outcome-unknown";
    (isUnknown ? told.unknown : told.failed).push(transfer.id);
    return error;
  }
}

function isDuplicate(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === "23505" || code === "P2002" || isDuplicate(cause);
}
