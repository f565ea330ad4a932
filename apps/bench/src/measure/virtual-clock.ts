/** Time and chance that a simulation owns: timers fire in order, as fast as the machine can, and a seed repeats them. */
export interface VirtualClock {
  /** Runs until the promise settles, with every timer, clock and random number of this process under its control. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

interface Timer {
  at: number;
  order: number;
  fire: () => void;
  cancelled: boolean;
}

/** A clock that takes over `setTimeout`, `clearTimeout`, `performance.now` and `Math.random` while it runs. */
export function virtualClock(seed: number): VirtualClock {
  return {
    async run(work) {
      const real = { setTimeout, clearTimeout, now: performance.now, random: Math.random };
      const pending = new Map<number, Timer>();
      const queue = new TimerQueue();
      let now = 0;
      let order = 0;
      globalThis.setTimeout = ((fire: () => void, delayMs = 0) => {
        const timer = { at: now + delayMs, order: ++order, fire, cancelled: false };
        pending.set(timer.order, timer);
        queue.add(timer);
        return timer.order;
      }) as unknown as typeof setTimeout;
      globalThis.clearTimeout = ((id: number) => {
        const timer = pending.get(id);
        if (timer !== undefined) timer.cancelled = true;
        pending.delete(id);
      }) as unknown as typeof clearTimeout;
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
          const next = queue.takeFirst();
          if (next === undefined) throw new Error("the simulation waits, but no timer is set");
          if (next.cancelled) continue;
          pending.delete(next.order);
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

/** A binary heap: the earliest timer first, and of two at the same time the one that was set first. */
class TimerQueue {
  readonly #heap: Timer[] = [];

  add(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  takeFirst(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
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
