import { DsqlConfigError } from "../errors.ts";
import { didYouMean } from "./nearest-name.ts";
import { MAX_TIMER_MS } from "./option-values.ts";
import type { TransactionOptions } from "./retry-options.ts";

type WithDefault = "maxAttempts" | "baseDelayMs" | "maxDelayMs" | "jitterFactor" | "deadlineMs";

/** Options with every default filled in. */
export type RetrySettings = Omit<TransactionOptions, WithDefault> & {
  [Name in WithDefault]-?: NonNullable<TransactionOptions[Name]>;
};

const DEFAULT_MAX_DELAY_MS = 2000;
export const TRANSACTION_OPTIONS: Readonly<Record<keyof TransactionOptions, true>> = {
  maxAttempts: true,
  maxRetries: true,
  baseDelayMs: true,
  maxDelayMs: true,
  jitterFactor: true,
  backoff: true,
  signal: true,
  onRetry: true,
  logger: true,
  telemetry: true,
  deadlineMs: true,
  conflictKey: true,
  cluster: true,
  readOnly: true,
  verifyCommit: true,
};

/** Option names of other libraries, with what to do instead. */
const ADVICE: Readonly<Record<string, string>> = {
  isolationLevel: " DSQL runs every transaction at REPEATABLE READ; omit it.",
};

/**
 * Fills in the defaults.
 * @throws DsqlConfigError that names the invalid option
 */
export function resolveRetryOptions(options: TransactionOptions = {}): RetrySettings {
  const given = givenOptions(options);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(TRANSACTION_OPTIONS, name)) continue;
    const advice = ADVICE[name] ?? didYouMean(name, Object.keys(TRANSACTION_OPTIONS));
    throw new DsqlConfigError(`Unknown retry option ${JSON.stringify(name)}.${advice}`);
  }
  const baseDelayMs = options.baseDelayMs ?? 10;
  const settings: RetrySettings = {
    maxAttempts: 50,
    baseDelayMs,
    maxDelayMs: Math.max(DEFAULT_MAX_DELAY_MS, baseDelayMs),
    jitterFactor: 0.25,
    deadlineMs: 240_000,
    ...(given as { [Name in keyof RetrySettings]?: NonNullable<RetrySettings[Name]> }),
  };
  validate(settings);
  return settings;
}

/** Options merged over the defaults of a pool; an option that is undefined keeps the default. */
export function mergeRetryOptions(
  defaults: TransactionOptions | undefined,
  own: TransactionOptions | undefined,
): TransactionOptions {
  return { ...givenOptions(defaults), ...givenOptions(own) };
}

/**
 * The options that are not undefined, with `maxAttempts` instead of `maxRetries`, so that a call's own options
 * can override defaults.
 * @throws DsqlConfigError when the two contradict each other
 */
function givenOptions(options: TransactionOptions = {}): TransactionOptions {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && name !== "maxRetries") given[name] = value;
  const { maxRetries } = options;
  if (maxRetries === undefined) return given;
  requireOption(
    Number.isSafeInteger(maxRetries) && maxRetries >= 0,
    "maxRetries",
    "a whole number from 0",
    maxRetries,
  );
  const maxAttempts = maxRetries + 1;
  if (given.maxAttempts !== undefined && given.maxAttempts !== maxAttempts)
    throw new DsqlConfigError(
      "maxRetries contradicts maxAttempts, which counts the first attempt too: set only one of them.",
    );
  return { ...given, maxAttempts };
}

function validate(settings: RetrySettings): void {
  const { maxAttempts, baseDelayMs, maxDelayMs, jitterFactor, deadlineMs, conflictKey, cluster, signal } =
    settings;
  requireOption(
    Number.isSafeInteger(maxAttempts) && maxAttempts >= 1,
    "maxAttempts",
    "a whole number from 1",
    maxAttempts,
  );
  requireOption(
    Number.isFinite(baseDelayMs) && baseDelayMs >= 0,
    "baseDelayMs",
    "milliseconds from 0",
    baseDelayMs,
  );
  requireOption(
    Number.isFinite(maxDelayMs) && maxDelayMs >= baseDelayMs && maxDelayMs <= MAX_TIMER_MS,
    "maxDelayMs",
    `milliseconds from baseDelayMs (${baseDelayMs}) to ${MAX_TIMER_MS}`,
    maxDelayMs,
  );
  requireOption(
    Number.isFinite(jitterFactor) && jitterFactor >= 0 && jitterFactor <= 1,
    "jitterFactor",
    "a number from 0 to 1",
    jitterFactor,
  );
  requireOption(
    Number.isFinite(deadlineMs) && deadlineMs > 0 && deadlineMs <= MAX_TIMER_MS,
    "deadlineMs",
    `milliseconds above 0, up to ${MAX_TIMER_MS}`,
    deadlineMs,
  );
  requireOption(
    conflictKey === undefined || typeof conflictKey === "string",
    "conflictKey",
    "a string",
    conflictKey,
  );
  requireOption(cluster === undefined || typeof cluster === "string", "cluster", "a string", cluster);
  for (const name of ["logger", "telemetry"] as const) {
    const value: unknown = settings[name];
    requireOption(
      value === undefined || (typeof value === "object" && value !== null),
      name,
      "an object",
      value,
    );
  }
  requireOption(signal === undefined || isAbortSignal(signal), "signal", "an AbortSignal", signal);
  for (const name of ["backoff", "onRetry", "verifyCommit"] as const) {
    const value: unknown = settings[name];
    requireOption(value === undefined || typeof value === "function", name, "a function", value);
  }
  requireOption(
    settings.readOnly === undefined || typeof settings.readOnly === "boolean",
    "readOnly",
    "true or false",
    settings.readOnly,
  );
}

function isAbortSignal(value: unknown): boolean {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}

function requireOption(fits: boolean, name: string, wanted: string, value: unknown): void {
  if (fits) return;
  const given = typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : typeof value;
  throw new DsqlConfigError(`${name} must be ${wanted}, not ${Number.isNaN(value) ? "NaN" : given}.`);
}
