import type { TransactionOptions } from "./retry-options.ts";

/** The retry options of AWS's node-postgres connector and Drizzle package and of drizzle-orm's DSQL driver, where the first attempt is not counted. */
export interface LegacyRetryOptions {
  /** Attempts after the first one. */
  maxRetries?: number | undefined;
  /** Milliseconds. */
  baseDelayMs?: number | undefined;
  /** Milliseconds. */
  maxDelayMs?: number | undefined;
  jitterFactor?: number | undefined;
  /** Called before each retry with what the attempt failed with, the number of that attempt, 1 for the first, and of all that there may be. */
  onRetry?: ((error: unknown, attempt: number, maxAttempts: number) => void) | undefined;
}

/** Converts them to this package's options; what is left out keeps its default. */
export function transactionOptionsOf({
  maxRetries,
  onRetry,
  ...rest
}: LegacyRetryOptions = {}): TransactionOptions {
  return {
    ...rest,
    ...(maxRetries !== undefined && { maxRetries }),
    ...(onRetry && { onRetry: ({ error, attempt, maxAttempts }) => onRetry(error, attempt, maxAttempts) }),
  };
}
