import { setTimeout as sleep } from "node:timers/promises";
import { literal } from "../sql/quoting.ts";
import type { BackendConnection, BackendResult } from "../wire/backend-connection.ts";
import { BackendError, isUnavailable } from "../wire/backend-error.ts";
import { Backend } from "../wire/message-types.ts";
import { JOB_CHANNEL } from "./jobs-sql.ts";

export interface JobRunnerOptions {
  /** Opens a connection to PostgreSQL as the superuser; the runner ends it. */
  openBackend: () => Promise<BackendConnection>;
  /** Minimum duration of a job in milliseconds; on DSQL it is seconds. @default 50 */
  buildDelayMs?: number | undefined;
  /** Called when a job has changed the schema: an index has become valid, a constraint is validated. */
  onSchemaChange?: (() => void) | undefined;
  /** Writes one line for the developer. */
  log?: ((line: string) => void) | undefined;
}

/** Removes finished jobs that sys.jobs no longer shows. */
const FORGET_OLD_JOBS = `DELETE FROM pg_catalog.dsql_local_job
  WHERE status IN ('completed', 'failed') AND update_time < now() - interval '1 hour'`;

const RECONNECT_MS = 100;

/** Each running job has its own connection. */
const MAX_RUNNING = 8;

/** Carries out the jobs that CREATE INDEX ASYNC and ALTER TABLE ASYNC have submitted, once they are committed. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #taken = new Set<string>();
  readonly #waiting: string[] = [];
  #listener: BackendConnection | undefined;
  #listening: Promise<void> = Promise.resolve();

  private constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** Listens for jobs, and resumes those that an earlier run on the same data directory has left unfinished. */
  static async start(options: JobRunnerOptions): Promise<JobRunner> {
    const runner = new JobRunner(options);
    const listener = await runner.#connect();
    runner.#listening = runner.#listen(listener);
    return runner;
  }

  /** Opens the connection on which jobs are announced, and starts those that were announced while it was closed. */
  async #connect(): Promise<BackendConnection> {
    const listener = await this.#options.openBackend();
    try {
      this.#listener = listener;
      // A job that is announced while the query for unfinished jobs is running is not in its result.
      listener.onNotification = (body) => this.#takeAnnounced(body);
      await listener.query(`LISTEN ${JOB_CHANNEL}`);
      const [left] = await listener.query(
        "SELECT job_id FROM pg_catalog.dsql_local_job WHERE status NOT IN ('completed', 'failed')",
      );
      for (const [jobId] of left?.rows ?? []) if (jobId) this.#take(jobId);
      return listener;
    } catch (error) {
      listener.destroy();
      throw error;
    }
  }

  /** Ends the connections; a job in progress stays unfinished, and the next run resumes it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener?.end();
    await Promise.all([this.#listening, ...this.#running]);
  }

  async #listen(first: BackendConnection): Promise<void> {
    let listener: BackendConnection | undefined = first;
    while (listener) {
      const message = await listener.next().catch(() => undefined);
      if (!message) {
        listener.destroy();
        listener = await this.#reconnect();
        continue;
      }
      if (message.type === Backend.NotificationResponse) this.#takeAnnounced(message.body);
    }
  }

  #takeAnnounced(notification: Buffer): void {
    const [, jobId = ""] = notification.toString("utf8", 4).split("\0");
    this.#take(jobId);
  }

  /** Reconnects: PostgreSQL ends every connection when one of its processes is killed, and accepts new ones a little later. */
  async #reconnect(): Promise<BackendConnection | undefined> {
    while (!this.#stopping.signal.aborted) {
      try {
        return await this.#connect();
      } catch {
        await sleep(RECONNECT_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  #take(jobId: string): void {
    if (!/^[a-z2-7]{26}$/.test(jobId) || this.#taken.has(jobId)) return;
    this.#taken.add(jobId);
    this.#waiting.push(jobId);
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (this.#running.size < MAX_RUNNING && !this.#stopping.signal.aborted) {
      const jobId = this.#waiting.shift();
      if (jobId === undefined) return;
      const job = this.#run(jobId)
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted) this.#options.log?.(`job ${jobId} failed: ${String(error)}`);
        })
        .finally(() => {
          this.#running.delete(job);
          this.#taken.delete(jobId);
          this.#startWaiting();
        });
      this.#running.add(job);
    }
  }

  /** Carries out a job, and again after PostgreSQL was unavailable. */
  async #run(jobId: string): Promise<void> {
    for (;;) {
      try {
        return await this.#runOnce(jobId);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await sleep(RECONNECT_MS, undefined, { signal: this.#stopping.signal });
      }
    }
  }

  async #runOnce(jobId: string): Promise<void> {
    const connection = await this.#options.openBackend();
    try {
      const update = async (set: string): Promise<boolean> => {
        const [result] = await retryBlocked(
          connection,
          `UPDATE pg_catalog.dsql_local_job SET ${set}, update_time = clock_timestamp()
            WHERE job_id = '${jobId}' AND status NOT IN ('completed', 'failed')`,
        );
        return result?.commandTag !== "UPDATE 0";
      };
      // An earlier run may have ended it, and lost its connection before the response.
      if (!(await update("status = 'processing'"))) return;
      await sleep(this.#options.buildDelayMs ?? 50, undefined, { signal: this.#stopping.signal });
      const failure = await this.#work(connection, jobId);
      await update(
        failure === undefined ? "status = 'completed'" : `status = 'failed', details = ${failure}`,
      );
      if (failure === undefined) this.#options.onSchemaChange?.();
      await retryBlocked(connection, FORGET_OLD_JOBS);
    } finally {
      await connection.end();
    }
  }

  /** Does the work of a job; returns the reason if it failed, as an SQL literal. */
  async #work(connection: BackendConnection, jobId: string): Promise<string | undefined> {
    const job = `FROM pg_catalog.dsql_local_job WHERE job_id = '${jobId}'`;
    const [found] = await connection.query(`SELECT work, object_id ${job}`);
    const [work, objectId] = found?.rows[0] ?? [];
    try {
      const sql = work ?? `SELECT pg_catalog.quote_literal(pg_catalog.dsql_local_finish_index(${objectId}))`;
      const [result] = await retryBlocked(connection, sql);
      return result?.rows[0]?.[0] ?? undefined;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      return literal(error.message);
    }
  }
}

/** How often a job that is blocked by other transactions is retried. */
const MAX_RUNS = 100;

/** Retries a statement that failed because another transaction blocked it, which is not a failure of the job. */
async function retryBlocked(connection: BackendConnection, sql: string): Promise<BackendResult[]> {
  for (let run = 1; ; run++) {
    try {
      return await connection.query(sql);
    } catch (error) {
      if (!(error instanceof BackendError) || !isInTheWay(error) || run >= MAX_RUNS) throw error;
      await sleep(Math.random() * 20);
    }
  }
}

const isInTheWay = ({ sqlstate, message }: BackendError): boolean =>
  ["40001", "40P01", "55P03"].includes(sqlstate) || message.startsWith("tuple concurrently ");
