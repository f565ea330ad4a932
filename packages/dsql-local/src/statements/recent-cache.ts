/**
 * A cache of recently used values, limited by a number of entries and a sum of weights. It has two generations; when the
 * younger one has reached half of the limit, the older one is dropped. A hit costs one look-up.
 */
export class RecentCache<T> {
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  #young = new Map<string, { value: T; weight: number }>();
  #old = new Map<string, { value: T; weight: number }>();
  #youngWeight = 0;

  constructor(limits: { maxEntries: number; maxWeight: number }) {
    this.#maxEntries = limits.maxEntries;
    this.#maxWeight = limits.maxWeight;
  }

  get(key: string): T | undefined {
    const entry = this.#young.get(key);
    if (entry) return entry.value;
    const older = this.#old.get(key);
    if (older) this.set(key, older.value, older.weight);
    return older?.value;
  }

  /** Adds a value, unless it is heavier than half of the limit. */
  set(key: string, value: T, weight: number): void {
    if (weight > this.#maxWeight / 2) return;
    const isFull =
      this.#young.size >= this.#maxEntries / 2 || this.#youngWeight + weight > this.#maxWeight / 2;
    if (isFull) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    const replaced = this.#young.get(key);
    this.#youngWeight += weight - (replaced?.weight ?? 0);
    this.#young.set(key, { value, weight });
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
