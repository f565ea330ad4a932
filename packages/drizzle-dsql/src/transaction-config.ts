import {
  DsqlConfigError,
  type LegacyRetryOptions,
  type TransactionOptions,
  transactionOptionsOf,
} from "dsql-core";

/** The second argument of `transaction`. */
export interface DsqlTransactionConfig {
  /** DSQL has one isolation level, so there is no need to name it. @default "repeatable read" */
  isolationLevel?: "repeatable read" | undefined;
  /** @default "read write" */
  accessMode?: "read only" | "read write" | undefined;
  /** DSQL has no deferrable transactions. @default false */
  deferrable?: false | undefined;
}

/** The second argument of `transactionWithRetry`: how the transaction begins, and how it is retried. */
export interface DsqlTransactionOptions extends TransactionOptions, DsqlTransactionConfig {}

/** {@link DsqlTransactionConfig} as JavaScript, or code with drizzle-orm's own type, may pass it. */
interface AnyTransactionConfig {
  isolationLevel?: string | undefined;
  accessMode?: string | undefined;
  deferrable?: boolean | undefined;
  snapshot?: string | undefined;
}

/**
 * Checks how a transaction is to begin.
 * @throws DsqlConfigError for what DSQL's BEGIN does not support (`BEGIN [ISOLATION LEVEL REPEATABLE READ] [READ WRITE | READ
 *   ONLY]`, Aurora DSQL user guide, "Supported SQL", read 2026-11)
 */
export function resolveTransactionConfig(config?: object | null): { readOnly: boolean } {
  const { isolationLevel, accessMode, deferrable, snapshot, ...others }: AnyTransactionConfig = config ?? {};
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    throw new DsqlConfigError(
      `${name} is not an option of transaction(), which takes accessMode, isolationLevel and deferrable. Retry options belong in the second argument of transactionWithRetry().`,
    );
  }
  if (isolationLevel !== undefined && isolationLevel !== "repeatable read") {
    throw unsupportedOption(
      `isolationLevel "${isolationLevel}"`,
      'every transaction runs in "repeatable read"',
    );
  }
  if (deferrable === true) throw unsupportedOption("deferrable", "there are no deferrable transactions");
  if (snapshot !== undefined)
    throw unsupportedOption("snapshot", "a transaction cannot import another's snapshot");
  if (accessMode !== undefined && accessMode !== "read only" && accessMode !== "read write") {
    throw unsupportedOption(`accessMode "${accessMode}"`, 'a transaction is "read only" or "read write"');
  }
  return { readOnly: accessMode === "read only" };
}

/**
 * Separates how a transaction is to begin from how it is retried; the retry options are checked by dsql-core.
 * @throws DsqlConfigError for what {@link resolveTransactionConfig} refuses, and for `readOnly` that contradicts `accessMode`
 */
export function resolveTransactionOptions(
  options: (AnyTransactionConfig & TransactionOptions) | null = {},
): TransactionOptions & { readOnly: boolean } {
  const { isolationLevel, accessMode, deferrable, snapshot, readOnly, ...retry } = options ?? {};
  const begin = resolveTransactionConfig({ isolationLevel, accessMode, deferrable, snapshot });
  if (readOnly !== undefined && accessMode !== undefined && readOnly !== begin.readOnly) {
    throw new DsqlConfigError(
      `readOnly: ${readOnly} contradicts accessMode: "${accessMode}". Set only one of the two.`,
    );
  }
  return { ...retry, readOnly: readOnly ?? begin.readOnly };
}

const AWS_OPTIONS: readonly string[] = [
  "maxRetries",
  "baseDelayMs",
  "maxDelayMs",
  "jitterFactor",
  "onRetry",
] satisfies (keyof LegacyRetryOptions)[];

/**
 * Converts the third argument of `transactionWithRetry`, the retry options of `@aws/aurora-dsql-drizzle`, to dsql-core's options.
 * @throws DsqlConfigError for options that belong in the second argument
 */
export function resolveAwsOptions(options: LegacyRetryOptions): TransactionOptions {
  const others = Object.keys(options).filter((name) => !AWS_OPTIONS.includes(name));
  if (others.length > 0)
    throw new DsqlConfigError(
      `transactionWithRetry(work, options) takes all its options in one object, the second argument: ${others.join(", ")} too. The third is only for those of @aws/aurora-dsql-drizzle.`,
    );
  return transactionOptionsOf(options);
}

function unsupportedOption(option: string, fact: string): DsqlConfigError {
  return new DsqlConfigError(`${option} cannot be used: on Aurora DSQL ${fact}. Omit the option.`);
}
