import type { StepKind } from "../plan/step.ts";

/** A step of a migration, as events name it. */
export interface EventStep {
  migration: string;
  /** From 0. */
  position: number;
  /** How many steps the migration has. */
  steps: number;
  kind: StepKind;
  sql: string;
}

/** What happens while migrations are applied, in the order in which it happens. */
export type MigrateEvent =
  /** Another process holds the lock; sent once for each holder. */
  | { type: "lock-waiting"; owner: string; expiresInMs: number }
  /** `takenFrom` names a holder whose lease had expired. */
  | { type: "lock-acquired"; owner: string; takenFrom: string | undefined }
  | { type: "migration-started"; migration: string; steps: number; resumedAt: number | undefined }
  | ({ type: "step-started" } & EventStep)
  /** A job's status as `sys.jobs` shows it, or the rows that a backfill has changed so far. */
  | ({
      type: "step-progress";
      elapsedMs: number;
      jobId?: string | undefined;
      jobStatus?: string | undefined;
      rows?: number | undefined;
      remaining?: number | undefined;
    } & EventStep)
  /** `recovered` is true if the step had happened although its journal entry was missing. */
  | ({ type: "step-done"; elapsedMs: number; recovered: boolean; rows?: number } & EventStep)
  | ({ type: "step-failed"; error: unknown } & EventStep)
  | { type: "migration-done"; migration: string; elapsedMs: number }
  | { type: "warning"; message: string };

/** Called with each event. What it throws or rejects with is ignored: a listener never stops a migration. */
export type MigrateListener = (event: MigrateEvent) => void;

/** Sends events to a listener that may throw, or return a promise that rejects. */
export function safeListener(listener: MigrateListener | undefined): MigrateListener {
  return (event) => {
    try {
      const returned: unknown = listener?.(event);
      if (returned instanceof Promise) returned.catch(() => undefined);
    } catch {
      // A listener only watches.
    }
  };
}
