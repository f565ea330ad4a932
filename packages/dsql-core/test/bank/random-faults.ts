import type { Faults } from "dsql-local";

/** Every kind of fault, armed once each time it is drawn. */
const KINDS: readonly ((faults: Faults, random: () => number) => void)[] = [
  (faults) => faults.conflictCommits(1, "OC000"),
  (faults) => faults.conflictCommits(1, "OC001"),
  (faults) => faults.cutConnection("before-begin"),
  (faults) => faults.cutConnection("in-statement"),
  (faults) => faults.cutConnection("before-commit"),
  (faults) => faults.cutConnection("after-commit"),
  (faults) => faults.dropCommitResponse(),
  (faults) => faults.endSession("statement"),
  (faults) => faults.endSession("commit"),
  (faults) => faults.dropResponse("begin"),
  (faults) => faults.dropResponse("rollback"),
  (faults) => faults.serverUnavailable("statement"),
  (faults) => faults.serverUnavailable("commit"),
  (faults) => faults.serverUnavailable("after-commit"),
  (faults) => faults.refuseConnections("53300"),
  (faults) => faults.refuseConnections("53400"),
  (faults) => faults.refuseTokens("expired"),
  (faults) => faults.refuseTokens("invalid"),
  (faults, random) =>
    faults.latency({ roundTripMs: random() * 2, commitMs: random() * 4, commitJitter: 0.5 }),
];

/** How many transfers pass between two faults, on average. */
const TRANSFERS_PER_FAULT = 6;

/** Arms a fault now and then, in an order that a seed repeats; must be called after every transfer. */
export function faultsAtRandom(faults: Faults, random: () => number): { transferOver(): void } {
  let deck: (typeof KINDS)[number][] = [];
  return {
    transferOver() {
      if (random() * TRANSFERS_PER_FAULT >= 1) return;
      // Dealing a whole deck makes every kind fire, however short the run.
      if (deck.length === 0) deck = [...KINDS];
      const [fault] = deck.splice(Math.floor(random() * deck.length), 1);
      fault?.(faults, random);
    },
  };
}

/** Mulberry32: a generator whose whole state is its seed. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
