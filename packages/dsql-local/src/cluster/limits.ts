import type { LocalDsqlLimits, WithDefaults } from "./options.ts";

/** DSQL's own limits, unless the caller sets others. */
export function resolveLimits(limits: LocalDsqlLimits = {}): WithDefaults<LocalDsqlLimits> {
  const resolved: WithDefaults<LocalDsqlLimits> = {
    maxRowsPerTransaction: 3000,
    maxTransactionBytes: 10 * 1024 * 1024,
    maxTransactionAgeMs: 300_000,
    maxSessionAgeMs: 3_600_000,
    maxConnections: 10_000,
    connectionRate: 100,
    connectionBurst: 1000,
    loginTimeoutMs: 30_000,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    if (!(name in resolved)) throw new RangeError(`limits.${name} does not exist`);
    if (typeof value !== "number" || !(value > 0))
      throw new RangeError(`limits.${name} must be a number greater than 0`);
    resolved[name as keyof LocalDsqlLimits] = value;
  }
  return resolved;
}

/** A token bucket that is refilled at a steady rate: DSQL's limit on new connections. */
export class ConnectionRate {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, nowMs: number = performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = nowMs;
  }

  /** Takes a token; returns false if there is none. */
  take(nowMs: number = performance.now()): boolean {
    const filled = this.#tokens + ((nowMs - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, filled);
    this.#filledAt = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
