import type { failureOf } from "dsql-core";
import type { AdapterSession } from "../adapter-under-test.ts";

/** How a phase ended for the caller. */
export type PhaseOutcome = ReturnType<typeof failureOf> | "success";

/** Something that the parent does to the connection: arms a fault, or takes the endpoint away and brings it back. */
export type Disturbance =
  | "cut-before-begin"
  | "cut-in-statement"
  | "cut-before-commit"
  | "cut-after-commit"
  | "close-all";

/** One way to lose a connection, and the outcome that must be reported to the caller. */
export interface Phase {
  outcome: PhaseOutcome;
  run(session: AdapterSession, disturb: (how: Disturbance) => Promise<void>): Promise<unknown>;
}

const write = "insert into conformance_account values (gen_random_uuid(), 'child', 1)";

function duringTransaction(how: Disturbance, outcome: PhaseOutcome): Phase {
  return {
    outcome,
    run: async (session, disturb) => {
      await disturb(how);
      await session.transaction((transaction) => transaction.query(write));
    },
  };
}

/** Every phase in which a connection can be lost. */
export const phases = {
  begin: duringTransaction("cut-before-begin", "connection-lost"),
  statement: duringTransaction("cut-in-statement", "connection-lost"),
  commit: duringTransaction("cut-before-commit", "commit-outcome-unknown"),
  "after commit": duringTransaction("cut-after-commit", "commit-outcome-unknown"),
  "between two statements": {
    outcome: "connection-lost",
    run: (session, disturb) =>
      session.transaction(async (transaction) => {
        await transaction.query(write);
        await disturb("close-all");
        await transaction.query(write);
      }),
  },
  "idle in the pool": {
    outcome: "success",
    run: async (session, disturb) => {
      await session.query("select 1");
      await disturb("close-all");
      await session.transactionWithRetry((transaction) => transaction.query(write));
    },
  },
} as const satisfies Record<string, Phase>;

export type PhaseName = keyof typeof phases;

/** Parent to child: what to load and how to connect, then a reply to each disturbance. */
export type ToChild =
  | {
      kind: "start";
      module: string;
      exportName: string;
      alias: Record<string, string>;
      connection: Record<string, unknown>;
      listens: boolean;
    }
  | { kind: "disturbed" };

/** Child to parent. */
export type FromChild =
  | { kind: "disturb"; how: Disturbance }
  | { kind: "ended"; phase: PhaseName; outcome: PhaseOutcome; message: string };
