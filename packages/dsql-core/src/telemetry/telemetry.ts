import type { RetryEvent, RetryOptions } from "../options/retry-options.ts";

/**
 * Hears what pools and clients do by themselves; every method is optional, and what one throws is not heard.
 * No event holds a token, a credential, or the text or values of a statement.
 */
export interface DsqlTelemetry {
  /** A pool has opened a connection; the token is included in the time. */
  connectionOpened?(event: { elapsedMs: number }): void;
  /** A pool could not open one. */
  connectionFailed?(event: { elapsedMs: number; error: Error }): void;
  /** A pool's connection was closed. */
  connectionClosed?(event: { lifetimeMs: number }): void;
  tokenSigned?(event: { elapsedMs: number; expiresAtMs: number }): void;
  /** A token could not be signed; `stillValid` tells that an older one opens connections for now. */
  tokenFailed?(event: { elapsedMs: number; error: unknown; stillValid: boolean }): void;
  /** A transaction or a statement of the pool is run again. */
  retry?(event: RetryEvent): void;
  /** A COMMIT, or a write outside a transaction, ended with nobody knowing whether it was stored. */
  commitUnknown?(event: { error: Error }): void;
}

/** Tells a listener, if there is one, and swallows what it throws. */
export function announce<N extends keyof DsqlTelemetry>(
  telemetry: DsqlTelemetry | undefined,
  name: N,
  event: Parameters<NonNullable<DsqlTelemetry[N]>>[0],
): void {
  try {
    (telemetry?.[name] as ((event: unknown) => void) | undefined)?.call(telemetry, event);
  } catch {}
}

/** Which `onRetry` tells a listener, so that another one put in its place can tell it too. */
const announcing = new WeakMap<object, DsqlTelemetry>();

/** Options with an `onRetry` of their own, which tells the listener that the `onRetry` in whose place it comes told. */
export function announceAs<O extends RetryOptions>(replaced: RetryOptions["onRetry"], options: O): O {
  return replaced === undefined ? options : announceRetries(announcing.get(replaced), options);
}

/** Retry options whose `onRetry` tells a listener as well; the caller's own object stays as it is. */
export function announceRetries<O extends RetryOptions>(telemetry: DsqlTelemetry | undefined, options: O): O {
  if (telemetry?.retry === undefined) return options;
  const onRetry = (event: RetryEvent) => {
    announce(telemetry, "retry", event);
    return options.onRetry?.(event);
  };
  announcing.set(onRetry, telemetry);
  return { ...options, onRetry };
}
