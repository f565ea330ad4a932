import type { TransactionOptions } from "./retry-options.ts";

/** The retry options of AWS's node-postgres connector and Drizzle package and of drizzle-orm's DSQL driver, which do not count the first attempt. */
export interface LegacyRetryOptions {
  /** Attempts after the first one. */
  maxRetries?: number | undefined;
  /** Milliseconds. */
  baseDelayMs?: number | undefined;
  /** Milliseconds. */
  maxDelayMs?: number | undefined;
  jitterFactor?: number | undefined;
  /** Called before each retry with the error of the attempt, its number (1 for the first), and the maximum number of attempts. */
  onRetry?: ((error: unknown, attempt: number, maxAttempts: number) => void) | undefined;
}

/** Converts them to this package's options; options that are not set keep their defaults. */
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
