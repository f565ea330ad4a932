import type { TransactionOptions } from "./retry-options.ts";

/** How AWS's own node connector takes retries: not counting the first attempt. */
export interface LegacyRetryOptions {
  /** Attempts after the first one. */
  maxRetries?: number | undefined;
  /** Milliseconds. */
  baseDelayMs?: number | undefined;
  /** Milliseconds. */
  maxDelayMs?: number | undefined;
  jitterFactor?: number | undefined;
}

/** The same in this package's terms; what is left out keeps its default. */
export function transactionOptionsOf({ maxRetries, ...rest }: LegacyRetryOptions = {}): TransactionOptions {
  return { ...rest, ...(maxRetries !== undefined && { maxAttempts: maxRetries + 1 }) };
}
