import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type DsqlPool, failureOf } from "dsql-core";
import { escapeLiteral } from "pg";
import { MigrateError } from "../errors.ts";
import type { MigrateListener } from "./events.ts";
import { JOURNAL_SCHEMA } from "./journal-tables.ts";
import { runRepeatable } from "./repeatable.ts";

const LEASE_NAME = "migrate";
const TABLE = `${JOURNAL_SCHEMA}.lease`;
/** The longest time that a timer of Node.js can wait. */
export const MAX_TIMER_MS = 2_147_483_647;

/** How the lock is taken and kept. */
export interface LeaseOptions {
  /** Names the holder to others. @default `<user>@<host>:<pid>` */
  owner?: string | undefined;
  /** Milliseconds until a holder that has died loses the lock; it is renewed three times in that time. @default 15_000 */
  leaseMs?: number | undefined;
  /** Milliseconds to wait for another holder; 0 does not wait. @default 600_000 */
  lockTimeoutMs?: number | undefined;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
}

/** Who holds the lock now. */
export interface LeaseHolder {
  owner: string;
  acquiredAt: Date;
  /** Negative if the lease has expired: the next deployment takes it over. */
  expiresInMs: number;
}

interface LeaseRow {
  owner: string | null;
  fence: string;
  acquired_at: Date | null;
  expires_in_ms: number | null;
}

/**
 * The right to migrate, as a row that is taken by compare and set: of two processes that take it at once, DSQL lets one
 * commit. The row's expiry is judged by the server's clock alone. A holder that was paused past its expiry is kept from
 * writing by `fence`, which every transaction of the journal compares.
 */
export class Lease {
  readonly owner: string;
  readonly fence: bigint;
  readonly #pool: DsqlPool;
  readonly #leaseMs: number;
  readonly #lost = new AbortController();
  #renewedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();

  private constructor(pool: DsqlPool, owner: string, fence: bigint, leaseMs: number, takenAt: number) {
    this.#pool = pool;
    this.owner = owner;
    this.fence = fence;
    this.#leaseMs = leaseMs;
    this.#renewedAt = takenAt;
    this.#schedule();
  }

  /**
   * Waits for the lock and takes it.
   * @throws MigrateError `DSQL_MIGRATE_LOCKED` when another process still holds it after `lockTimeoutMs`
   */
  static async acquire(pool: DsqlPool, options: LeaseOptions, emit: MigrateListener): Promise<Lease> {
    const { signal } = options;
    const { leaseMs, lockTimeoutMs } = leaseTimes(options);
    const owner = options.owner ?? defaultOwner();
    // Two processes may have the same name; the token tells them apart.
    const holder = `${owner} ${randomUUID()}`;
    const giveUpAt = performance.now() + lockTimeoutMs;
    let announced: string | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const sentAt = performance.now();
      const taken = await take(pool, holder, leaseMs);
      if (taken.fence !== undefined) {
        emit({ type: "lock-acquired", owner, takenFrom: taken.from });
        return new Lease(pool, holder, taken.fence, leaseMs, sentAt);
      }
      const current = await currentHolder(pool);
      if (current === undefined) continue;
      if (announced !== current.owner) {
        announced = current.owner;
        emit({ type: "lock-waiting", owner: current.owner, expiresInMs: current.expiresInMs });
      }
      if (performance.now() >= giveUpAt) throw lockedBy(current);
      // Many may wait for one holder: they must not poll in lockstep.
      const pause = Math.min(leaseMs / 4, 1000) * (0.5 + Math.random());
      await sleep(Math.min(pause, Math.max(1, giveUpAt - performance.now())), undefined, { signal });
    }
  }

  /** Aborts when the lease was lost to another process. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Call it before each statement: renews the lease if its time may be over.
   * @throws MigrateError `DSQL_MIGRATE_LEASE_LOST` if another process has it
   */
  async confirm(): Promise<void> {
    if (performance.now() - this.#renewedAt > (this.#leaseMs * 2) / 3) await this.#renew();
    if (this.#lost.signal.aborted) throw leaseLost();
  }

  /** Releases the lock. Errors are ignored: the lease then expires. */
  async release(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#renewal;
    await this.#pool
      .query(
        `UPDATE ${TABLE} SET owner = NULL, expires_at = NULL WHERE name = '${LEASE_NAME}' AND fence = ${this.fence}`,
      )
      .catch(() => undefined);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew()
        .catch(() => undefined)
        .then(() => {
          if (this.#timer !== undefined && !this.#lost.signal.aborted) this.#schedule();
        });
    }, this.#leaseMs / 3);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    const { rowCount } = await runRepeatable(
      this.#pool,
      `UPDATE ${TABLE} SET expires_at = now() + interval '${this.#leaseMs} milliseconds' WHERE name = '${LEASE_NAME}' AND fence = ${this.fence} AND owner IS NOT NULL`,
    );
    if (rowCount === 0) this.#lost.abort(leaseLost());
    else this.#renewedAt = sentAt;
  }
}

/**
 * The times of a lease, with their defaults.
 * @throws MigrateError `DSQL_MIGRATE_INPUT`
 */
export function leaseTimes({ leaseMs = 15_000, lockTimeoutMs = 600_000 }: LeaseOptions): {
  leaseMs: number;
  lockTimeoutMs: number;
} {
  requireMilliseconds("leaseMs", leaseMs, 1);
  requireMilliseconds("lockTimeoutMs", lockTimeoutMs, 0);
  return { leaseMs, lockTimeoutMs };
}

function requireMilliseconds(option: string, value: number, minimum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= MAX_TIMER_MS) return;
  throw new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `${option} must be a whole number of milliseconds from ${minimum} to ${MAX_TIMER_MS}, not ${String(value)}.`,
  );
}

/** Who holds the lock, if anybody does. The journal must exist. */
export async function currentHolder(pool: DsqlPool): Promise<LeaseHolder | undefined> {
  const row = await readLease(pool);
  if (row?.owner == null) return undefined;
  return {
    owner: shownOwner(row.owner),
    acquiredAt: row.acquired_at ?? new Date(0),
    expiresInMs: row.expires_in_ms ?? 0,
  };
}

/** Takes the lock away from whoever holds it. Its transactions then fail; a DDL statement on its way still happens. */
export async function breakLease(pool: DsqlPool): Promise<LeaseHolder | undefined> {
  const holder = await currentHolder(pool);
  await pool.query(
    `UPDATE ${TABLE} SET owner = NULL, expires_at = NULL, fence = fence + 1 WHERE name = '${LEASE_NAME}'`,
  );
  return holder;
}

type Taken = { fence: bigint; from: string | undefined } | { fence: undefined };

async function take(pool: DsqlPool, holder: string, leaseMs: number): Promise<Taken> {
  const until = `now() + interval '${leaseMs} milliseconds'`;
  const owner = escapeLiteral(holder);
  try {
    return await pool.transactionWithRetry<Taken>(
      async (client) => {
        const { rows } = await client.query<LeaseRow>(readSql());
        const [row] = rows;
        if (row === undefined) {
          await client.query(
            `INSERT INTO ${TABLE} (name, owner, fence, acquired_at, expires_at) VALUES ('${LEASE_NAME}', ${owner}, 1, now(), ${until})`,
          );
          return { fence: 1n, from: undefined };
        }
        if (row.owner === holder) return { fence: BigInt(row.fence), from: undefined };
        if (row.owner !== null && (row.expires_in_ms ?? 0) > 0) return { fence: undefined };
        const fence = BigInt(row.fence) + 1n;
        await client.query(
          `UPDATE ${TABLE} SET owner = ${owner}, fence = ${fence}, acquired_at = now(), expires_at = ${until} WHERE name = '${LEASE_NAME}' AND fence = ${row.fence}`,
        );
        return { fence, from: row.owner === null ? undefined : shownOwner(row.owner) };
      },
      { verifyCommit: async () => (await readLease(pool))?.owner === holder },
    );
  } catch (error) {
    // Another took it at the same moment, or the outcome is undetermined: look again.
    if ((error as { code?: unknown }).code === "23505" || failureOf(error) === "commit-outcome-unknown") {
      return { fence: undefined };
    }
    throw error;
  }
}

async function readLease(pool: DsqlPool): Promise<LeaseRow | undefined> {
  return (await pool.query<LeaseRow>(readSql())).rows[0];
}

function readSql(): string {
  return `SELECT owner, fence::text AS fence, acquired_at, (extract(epoch FROM expires_at - now()) * 1000)::int AS expires_in_ms FROM ${TABLE} WHERE name = '${LEASE_NAME}'`;
}

function shownOwner(holder: string): string {
  return holder.replace(/ [0-9a-f-]{36}$/, "");
}

function defaultOwner(): string {
  let user = "unknown";
  try {
    user = userInfo().username;
  } catch {
    // A user id without a name, as some containers have it.
  }
  return `${user}@${hostname()}:${process.pid}`;
}

function lockedBy({ owner, acquiredAt, expiresInMs }: LeaseHolder): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_LOCKED",
    `Another deployment is running: ${owner} has held the lock since ${acquiredAt.toISOString()}, and its lease ${
      expiresInMs > 0 ? `runs for another ${Math.ceil(expiresInMs / 1000)} s` : "has just expired"
    }. Wait for it, or raise lockTimeoutMs. If that process has died, its lease expires by itself.`,
  );
}

function leaseLost(): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_LEASE_LOST",
    "Another process took the migration lock because this one did not renew its lease in time. Nothing is lost: run the deployment again, and it continues from where the other stops.",
  );
}
