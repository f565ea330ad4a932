import { additiveBackoff, type Backoff, fullJitterBackoff, isOccError, retryOnOcc } from "dsql-core";

/** Runs a transaction until it commits or the policy gives up, in which case it rejects. */
export type Policy = (transaction: () => Promise<void>) => Promise<void>;

interface LoopOptions {
  maxAttempts: number;
  baseDelayMs: number;
  maxDelayMs: number;
  jitterFactor: number;
  backoff: Backoff;
  /** The Rust connector sleeps for whole milliseconds. */
  wholeMs?: boolean | undefined;
}

/** A plain retry loop, as most code has it: each transaction waits by itself, and none knows of another. */
function plainLoop(options: LoopOptions): Policy {
  return async (transaction) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await transaction();
        return;
      } catch (error) {
        if (!isOccError(error) || attempt >= options.maxAttempts) throw error;
      }
      const delayMs = options.backoff({ ...options, attempt, random: Math.random });
      await new Promise((resolve) => setTimeout(resolve, options.wholeMs ? Math.trunc(delayMs) : delayMs));
    }
  };
}

/** The policies side by side. `default` is this project's, with no option given. */
export const policies = {
  default: (transaction) => retryOnOcc(transaction),
  "full jitter": plainLoop({
    maxAttempts: 50,
    baseDelayMs: 10,
    maxDelayMs: 2000,
    jitterFactor: 0,
    backoff: fullJitterBackoff,
  }),
  "Rust connector": plainLoop({
    maxAttempts: 3,
    baseDelayMs: 1,
    maxDelayMs: 100,
    jitterFactor: 0.25,
    backoff: additiveBackoff,
    wholeMs: true,
  }),
  "node connector": plainLoop({
    maxAttempts: 4,
    baseDelayMs: 1,
    maxDelayMs: 100,
    jitterFactor: 0.25,
    backoff: additiveBackoff,
  }),
} satisfies Record<string, Policy>;
