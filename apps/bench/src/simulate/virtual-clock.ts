/** Time and chance that a simulation owns: timers fire in order, as fast as the machine can, and a seed repeats them. */
export interface VirtualClock {
  /** Runs until the promise settles, with every timer, clock and random number of this process under its rule. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

interface Timer {
  at: number;
  order: number;
  fire: () => void;
}

/** A clock that takes over `setTimeout`, `clearTimeout`, `performance.now` and `Math.random` while it runs. */
export function virtualClock(seed: number): VirtualClock {
  return {
    async run(work) {
      const real = { setTimeout, clearTimeout, now: performance.now, random: Math.random };
      const timers = new Map<number, Timer>();
      let now = 0;
      let order = 0;
      globalThis.setTimeout = ((fire: () => void, delayMs = 0) => {
        timers.set(++order, { at: now + delayMs, order, fire });
        return order;
      }) as unknown as typeof setTimeout;
      globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as unknown as typeof clearTimeout;
      performance.now = () => now;
      Math.random = seeded(seed);
      try {
        let settled = false;
        const result = work().finally(() => {
          settled = true;
        });
        result.catch(() => {});
        await drained();
        while (!settled) {
          const next = earliest(timers);
          if (next === undefined) throw new Error("the simulation waits for nothing");
          timers.delete(next.order);
          now = next.at;
          next.fire();
          await drained();
        }
        return await result;
      } finally {
        globalThis.setTimeout = real.setTimeout;
        globalThis.clearTimeout = real.clearTimeout;
        performance.now = real.now;
        Math.random = real.random;
      }
    },
  };
}

/** Resolves when all promise reactions that can run have run. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function earliest(timers: Map<number, Timer>): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of timers.values()) {
    if (first === undefined || timer.at < first.at) first = timer;
  }
  return first;
}

/** Mulberry32: a small generator whose whole state is its seed. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
