import type { RetryEvent } from "../options/retry-options.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";

/** Tells the caller's hook and logger about a retry; whatever they throw or reject with stays with them. */
export function announceRetry(
  listeners: { onRetry?: (event: RetryEvent) => unknown; logger?: DsqlLogger },
  event: RetryEvent,
): void {
  unheard(() => listeners.onRetry?.(event));
  unheard(() =>
    listeners.logger?.debug?.("transaction runs again", {
      attempt: event.attempt,
      reason: event.reason,
      occType: event.occType,
      reconnects: event.reconnects,
      delayMs: event.delayMs,
      elapsedMs: event.elapsedMs,
    }),
  );
}

function unheard(tell: () => unknown): void {
  try {
    // An async hook that rejects would otherwise end the process as an unhandled rejection.
    Promise.resolve(tell()).catch(() => {});
  } catch {}
}
