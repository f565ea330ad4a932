import type { AdminConnection } from "./admin-connection.ts";

/** A session that may hold locks that another session waits for. */
export interface LockHolder {
  /**
   * Releases the locks of the open transaction as soon as its backend is idle, if `isStillNeeded` is true then; the
   * endpoint keeps its changes.
   */
  yieldLocks(isStillNeeded: () => Promise<boolean>): void;
}

/** The notice of `log_lock_waits`, which a waiting backend sends to its own session. */
const STILL_WAITING = /^process \d+ (?:still waiting for|avoided deadlock for) /;

export const isLockWait = (notice: { severity: string; message: string }): boolean =>
  notice.severity === "LOG" && STILL_WAITING.test(notice.message);

/** PostgreSQL reports a wait only once, but another session may take the lock later, so the blockers are read repeatedly. */
const REPEAT_MS = 20;

/** Ensures that no statement waits for an idle transaction: the session that blocks it has to release its locks. */
export class LockWatch {
  readonly #admin: AdminConnection;
  readonly #holders = new Map<number, LockHolder>();
  /** Waiting backends whose blockers the next query will read. */
  readonly #asking = new Set<number>();
  #answer: Promise<Map<number, readonly number[]>> | undefined;
  /** Resolves when the last query has ended. */
  #asked: Promise<unknown> = Promise.resolve();

  constructor(admin: AdminConnection) {
    this.#admin = admin;
  }

  register(processId: number, holder: LockHolder): void {
    this.#holders.set(processId, holder);
  }

  unregister(processId: number): void {
    this.#holders.delete(processId);
  }

  /** To be called when the backend with this process id waits for a lock. @returns a function to call when the request has ended */
  watch(processId: number): () => void {
    let timer: NodeJS.Timeout | undefined;
    let hasEnded = false;
    const ask = async (): Promise<void> => {
      for (const blocker of await this.#blockersOf(processId)) {
        const isStillNeeded = async (): Promise<boolean> =>
          !hasEnded && (await this.#blockersOf(processId)).includes(blocker);
        this.#holders.get(blocker)?.yieldLocks(isStillNeeded);
      }
    };
    const repeat = (): void => {
      if (hasEnded) return;
      // If PostgreSQL cannot be reached, the waiting session ends too.
      void ask()
        .catch(() => undefined)
        .then(() => {
          if (!hasEnded) timer = setTimeout(repeat, REPEAT_MS);
        });
    };
    repeat();
    return () => {
      hasEnded = true;
      clearTimeout(timer);
    };
  }

  /** The backends that this one waits for; one query serves all calls that were made while the previous query ran. */
  async #blockersOf(processId: number): Promise<readonly number[]> {
    this.#asking.add(processId);
    this.#answer ??= this.#askNext();
    return (await this.#answer).get(processId) ?? [];
  }

  #askNext(): Promise<Map<number, readonly number[]>> {
    const answer = this.#asked.then(async () => {
      const waiting = [...this.#asking].join(",");
      this.#asking.clear();
      this.#answer = undefined;
      const rows = await this.#admin.rows(
        `SELECT waiting, pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(waiting), ',') FROM unnest('{${waiting}}'::int[]) AS waiting`,
      );
      return new Map(
        rows.map(([id, blockers]) => [Number(id), blockers ? blockers.split(",").map(Number) : []]),
      );
    });
    this.#asked = answer.catch(() => undefined);
    return answer;
  }
}
