import type { Monitor } from "./monitor.ts";

/** A session that may hold locks which another one waits for. */
export interface LockHolder {
  /** Gives the locks of the open transaction back as soon as its backend is idle; its changes are kept aside. */
  yieldLocks(): void;
}

/** The notice of `log_lock_waits`, which a waiting backend sends to its own session. */
const STILL_WAITING = /^process \d+ (?:still waiting for|avoided deadlock for) /;

export const isLockWait = (notice: { severity: string; message: string }): boolean =>
  notice.severity === "LOG" && STILL_WAITING.test(notice.message);

/** Sees to it that no statement waits for an idle transaction: who stands in the way is asked to give way. */
export class LockWatch {
  readonly #monitor: Monitor;
  readonly #holders = new Map<number, LockHolder>();

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
  }

  register(processId: number, holder: LockHolder): void {
    this.#holders.set(processId, holder);
  }

  unregister(processId: number): void {
    this.#holders.delete(processId);
  }

  /** The backend of this process waits for a lock. */
  async waiting(processId: number): Promise<void> {
    const rows = await this.#monitor.rows(`SELECT unnest(pg_catalog.pg_blocking_pids(${processId}))`);
    for (const [blocker] of rows) this.#holders.get(Number(blocker))?.yieldLocks();
  }
}
