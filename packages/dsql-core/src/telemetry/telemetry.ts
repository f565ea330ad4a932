import { callHook } from "./hooks.ts";
import type { DsqlLogger } from "./logger.ts";
import type { RetryEvent } from "./retry-event.ts";

/**
 * Receives what pools and clients do by themselves; every method is optional, and one that throws or rejects has no effect.
 * No event contains a token, a credential, or the text or values of a statement.
 */
export interface DsqlTelemetry {
  /** A pool has opened a connection; the time includes the token. */
  connectionOpened?(event: { elapsedMs: number }): void;
  /** A pool could not open a connection. */
  connectionFailed?(event: { elapsedMs: number; error: Error }): void;
  /** A pool's connection was closed. */
  connectionClosed?(event: { lifetimeMs: number }): void;
  tokenSigned?(event: { elapsedMs: number; expiresAtMs: number }): void;
  /** A token could not be signed; `stillValid` says whether an older one can still open connections. */
  tokenFailed?(event: { elapsedMs: number; error: unknown; stillValid: boolean }): void;
  /** A transaction or a statement is retried. */
  retry?(event: RetryEvent): void;
  /** The outcome of a COMMIT, or of a write outside a transaction, is undetermined. */
  commitUnknown?(event: { error: Error }): void;
}

/** The observers of a pool, a client or a retry loop. */
export interface Observers {
  logger?: DsqlLogger | undefined;
  telemetry?: DsqlTelemetry | undefined;
}

/** Passes an event to the telemetry, if there is one. */
export function announce<N extends keyof DsqlTelemetry>(
  { telemetry, logger }: Observers,
  name: N,
  event: Parameters<NonNullable<DsqlTelemetry[N]>>[0],
): void {
  if (telemetry === undefined) return;
  const call = () => (telemetry[name] as ((event: unknown) => unknown) | undefined)?.call(telemetry, event);
  callHook(call, { name: `telemetry.${name}`, given: telemetry, logger });
}
