import type { TransactionOptions } from "./retry-options.ts";

/** How AWS's own node connector takes retries: not counting the first attempt. */
export interface LegacyRetryOptions {
  /** Attempts after the first one. */
  maxRetries?: number;
  /** Milliseconds. */
  baseDelayMs?: number;
  /** Milliseconds. */
  maxDelayMs?: number;
  jitterFactor?: number;
}

/** The same in this package's terms; what is left out keeps its default. */
export function transactionOptionsOf({ maxRetries, ...rest }: LegacyRetryOptions = {}): TransactionOptions {
  return { ...rest, ...(maxRetries !== undefined && { maxAttempts: maxRetries + 1 }) };
}
