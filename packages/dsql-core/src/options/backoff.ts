/** The input of a {@link Backoff}. */
export interface BackoffInput {
  /** How often the work has met a conflict so far: 1 before the first retry. */
  attempt: number;
  /** Milliseconds. */
  baseDelayMs: number;
  /** Milliseconds. */
  maxDelayMs: number;
  /** A fraction from 0 to 1; only {@link additiveBackoff} reads it. */
  jitterFactor: number;
  /** Returns a number from 0 (inclusive) to 1 (exclusive); `Math.random` by default. */
  random: () => number;
}

/** Milliseconds to wait before the next attempt. */
export type Backoff = (input: BackoffInput) => number;

/** Doubling 60 times exceeds every cap that a timer can wait, and keeps 0 * 2^n a number. */
const MAX_DOUBLINGS = 60;

function doubled({ attempt, baseDelayMs, maxDelayMs }: BackoffInput): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
}

/**
 * A random wait between 0 and `baseDelayMs * 2^(attempt-1)`, capped at `maxDelayMs`: spreads competing clients over the whole
 * wait. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function fullJitterBackoff(input: BackoffInput): number {
  return input.random() * doubled(input);
}

/**
 * `baseDelayMs * 2^(attempt-1)`, capped at `maxDelayMs`, plus up to `jitterFactor` of it: the formula of AWS's own DSQL
 * connectors, for those who want the same behaviour. The jitter comes after the cap, so a wait may exceed `maxDelayMs`.
 */
export function additiveBackoff(input: BackoffInput): number {
  return doubled(input) * (1 + input.random() * input.jitterFactor);
}
