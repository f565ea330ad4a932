import type { DsqlLogger } from "./logger.ts";

/** The hooks whose failure was reported; each is reported once. */
const reported = new WeakSet<object>();

/** Which hook is called, for the report of its failure. */
export interface HookOwner {
  name: string;
  /** The user's function or object. */
  given: object;
  logger: DsqlLogger | undefined;
}

/**
 * Calls a user's hook. An error of the hook does not affect the work that it observes, and cannot
 * end the process as an unhandled rejection: the logger receives a warning, once for each hook.
 */
export function callHook(call: () => unknown, owner: HookOwner): void {
  try {
    const returned = call();
    if (isThenable(returned)) Promise.resolve(returned).catch((error) => report(error, owner));
  } catch (error) {
    report(error, owner);
  }
}

/** Writes a line to a logger, if there is one. */
export function log(
  logger: DsqlLogger | undefined,
  level: keyof DsqlLogger,
  message: string,
  details: Readonly<Record<string, unknown>>,
): void {
  if (logger === undefined) return;
  callHook(() => logger[level]?.(message, details), { name: "logger", given: logger, logger: undefined });
}

function report(error: unknown, { name, given, logger }: HookOwner): void {
  if (reported.has(given)) return;
  reported.add(given);
  const details = { hook: name, error: error instanceof Error ? error.message : String(error) };
  log(logger, "warn", "a hook failed; its further failures are not reported", details);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
