import { createHash } from "node:crypto";
import { type DsqlPool, type DsqlPoolClient, failureOf, isOccError } from "dsql-core";
import type { EventStep } from "../apply/events.ts";
import type { JournalStep } from "../apply/journal.ts";
import { hasSurelyFailed } from "../apply/repeatable.ts";
import type { Deployment } from "../apply/run-migration.ts";
import { runStep } from "../apply/run-step.ts";
import { MigrateError } from "../errors.ts";
import type { MigrationPlan, PlanStep } from "../plan/step.ts";
import type { ProgramResult, ProgramSession, ProgramStatement, ProgramTransaction } from "./program.ts";
import { storedResult, storeResult } from "./stored-result.ts";

/** Plans one statement after all that were planned before it. */
export type PlanOne = (sql: string) => Promise<MigrationPlan>;

/**
 * A run of a program over what earlier runs have recorded. Statements get positions in the order in which they come; one
 * whose position is recorded must be the same statement, and is not sent.
 */
export class Recording implements ProgramSession {
  readonly #deployment: Deployment;
  readonly #migration: string;
  readonly #recorded: ReadonlyMap<number, JournalStep>;
  readonly #plan: PlanOne;
  #position = 0;
  #last: Promise<unknown> = Promise.resolve();
  #open: RecordedTransaction | undefined;

  constructor(deployment: Deployment, migration: string, recorded: readonly JournalStep[], plan: PlanOne) {
    this.#deployment = deployment;
    this.#migration = migration;
    this.#recorded = new Map(recorded.map((step) => [step.position, step]));
    this.#plan = plan;
  }

  /** How many positions this run has used. */
  get position(): number {
    return this.#position;
  }

  execute(statement: ProgramStatement): Promise<ProgramResult> {
    return this.#inOrder(async () => {
      const steps = this.#recordedSteps(statement) ?? (await this.planned(statement.sql)).steps;
      const [only] = steps;
      if (steps.length === 0) return { command: "", rowCount: null, rows: [] };
      if (only !== undefined && steps.length === 1 && only.kind === "dml") {
        return await this.#data({ ...statement, sql: only.sql });
      }
      if ((statement.values ?? []).length > 0) throw valuesInDdl(statement.sql);
      for (const [index, step] of steps.entries()) {
        await this.#step({
          ...step,
          original: statement.sql,
          ...(index === 0 ? { statementSteps: steps } : {}),
        });
      }
      return { command: firstWord(statement.sql), rowCount: null, rows: [] };
    });
  }

  /**
   * The steps of a DDL statement as they were planned when it was first sent: what it has changed since must not change its
   * plan.
   */
  #recordedSteps({ sql }: ProgramStatement): readonly PlanStep[] | undefined {
    const found = this.#recorded.get(this.#position);
    if (found === undefined || found.state === "failed" || found.plan.kind === "dml") return undefined;
    const plan: RecordedStep = found.plan;
    if (plan.original !== sql) throw changed(this.#migration, this.#position, plan.original, sql);
    return plan.statementSteps;
  }

  begin(): Promise<ProgramTransaction> {
    return this.#inOrder(async () => {
      if (this.#open !== undefined) {
        throw new MigrateError(
          "DSQL_MIGRATE_INPUT",
          "A migration can have one transaction at a time: await the first one before the next begins.",
        );
      }
      const transaction = new RecordedTransaction({
        pool: this.#deployment.pool,
        journal: this.#deployment.journal,
        migration: this.#migration,
        take: () => this.#position++,
        back: (to) => {
          this.#position = to;
        },
        at: this.#position,
        recorded: (position) => this.#recorded.get(position),
        plan: (sql) => this.planned(sql),
        ended: () => {
          this.#open = undefined;
        },
      });
      this.#open = transaction;
      return transaction;
    });
  }

  /** Rolls back the transaction that a program has left open. */
  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#open?.rollback().catch(() => undefined);
  }

  /** @throws MigrateError `DSQL_MIGRATE_REFUSED` */
  async planned(sql: string): Promise<MigrationPlan> {
    const plan = await this.#plan(sql);
    if (plan.ok) return plan;
    const problems = plan.problems.filter(({ severity }) => severity === "error");
    throw new MigrateError(
      "DSQL_MIGRATE_REFUSED",
      `A statement of migration ${this.#migration} cannot be applied to Aurora DSQL, and was not sent:\n${problems
        .map(({ message, advice }) => `${message} ${advice}`)
        .join("\n")}`,
      { problems },
    );
  }

  /** One data change or query outside a transaction. */
  async #data(statement: ProgramStatement): Promise<ProgramResult> {
    const { pool, journal, lease, signal } = this.#deployment;
    const position = this.#position++;
    const found = this.#recorded.get(position);
    if (found?.state === "done") return replay(this.#migration, found, statement);
    signal?.throwIfAborted();
    await lease.confirm();
    return await this.#announced(dataStep(statement), position, async () => {
      let result: ProgramResult | undefined;
      await pool.transactionWithRetry(
        async (client) => {
          await journal.requireFence(this.#migration, client);
          result = resultOf(await client.query(statement.sql, [...(statement.values ?? [])]));
          await client.query(
            journal.recordSql(
              this.#migration,
              position,
              dataStep(statement),
              storeResult(result),
              result.rowCount,
            ),
          );
        },
        { verifyCommit: () => journal.isDone(this.#migration, position) },
      );
      return { value: result as ProgramResult, recovered: false };
    });
  }

  /** One step of DDL. */
  async #step(step: RecordedStep): Promise<void> {
    const { pool, journal, lease, signal } = this.#deployment;
    const position = this.#position++;
    const found = this.#recorded.get(position);
    if (found !== undefined && found.plan.sql !== step.sql && found.state !== "failed") {
      throw changed(this.#migration, position, found.plan.sql, step.sql);
    }
    if (found?.state === "done") return;
    signal?.throwIfAborted();
    const resumed = found?.state === "started";
    if (!resumed) await journal.startRecorded(this.#migration, step, position);
    await this.#announced(step, position, async (progress) => {
      const context = { pool, journal, lease, migration: this.#migration, signal, progress };
      const start = { position, resumed, doneBefore: found?.doneBefore ?? false };
      const { recovered, rows } = await runStep(context, step, start, undefined);
      const range = { from: position, to: position };
      await journal.finishSteps(
        this.#migration,
        { range, rows: rows === undefined ? undefined : new Map([[position, rows]]) },
        undefined,
      );
      return { value: undefined, recovered };
    });
  }

  async #announced<T>(
    step: PlanStep,
    position: number,
    work: (progress: (details: object) => void) => Promise<{ value: T; recovered: boolean }>,
  ): Promise<T> {
    const { emit, journal, signal } = this.#deployment;
    const eventStep: EventStep = {
      migration: this.#migration,
      position,
      steps: position + 1,
      kind: step.kind,
      sql: step.sql,
    };
    const startedAt = performance.now();
    emit({ type: "step-started", ...eventStep });
    try {
      const { value, recovered } = await work((details) =>
        emit({ type: "step-progress", elapsedMs: performance.now() - startedAt, ...details, ...eventStep }),
      );
      emit({ type: "step-done", elapsedMs: performance.now() - startedAt, recovered, ...eventStep });
      return value;
    } catch (error) {
      if (error instanceof MigrateError || signal?.aborted === true) throw error;
      emit({ type: "step-failed", error, ...eventStep });
      if (!isOccError(error) && hasSurelyFailed(error)) {
        const message = error instanceof Error ? error.message : String(error);
        await journal.failRecorded(this.#migration, step, position, message).catch(() => undefined);
      }
      throw error;
    }
  }

  /** One statement at a time: positions are given in the order of the calls. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work, work);
    this.#last = run.catch(() => undefined);
    return run;
  }
}

/** A step of DDL as the journal keeps it: the first one of a statement knows them all. */
interface RecordedStep extends PlanStep {
  statementSteps?: readonly PlanStep[];
}

interface TransactionContext {
  pool: DsqlPool;
  journal: Deployment["journal"];
  migration: string;
  take(): number;
  back(to: number): void;
  at: number;
  recorded(position: number): JournalStep | undefined;
  plan(sql: string): Promise<MigrationPlan>;
  ended(): void;
}

/** A transaction that is either sent, with its journal entries in it, or returned from the journal as a whole. */
class RecordedTransaction implements ProgramTransaction {
  readonly #context: TransactionContext;
  #last: Promise<unknown> = Promise.resolve();
  #client: DsqlPoolClient | undefined;
  #begun: Promise<DsqlPoolClient> | undefined;
  #mode: "undecided" | "live" | "replayed" | "ended" = "undecided";
  #lastPosition: number | undefined;

  constructor(context: TransactionContext) {
    this.#context = context;
  }

  execute(statement: ProgramStatement): Promise<ProgramResult> {
    return this.#inOrder(() => this.#execute(statement));
  }

  commit(): Promise<void> {
    return this.#inOrder(() => this.#commit());
  }

  rollback(): Promise<void> {
    return this.#inOrder(() => this.#rollback());
  }

  async #execute(statement: ProgramStatement): Promise<ProgramResult> {
    const { journal, migration, take, recorded, plan } = this.#context;
    if (this.#mode === "ended") throw ended();
    const { steps } = await plan(statement.sql);
    const [step] = steps;
    if (step === undefined || steps.length !== 1 || step.kind !== "dml")
      throw ddlInTransaction(statement.sql);
    const position = take();
    const found = recorded(position);
    if (this.#mode === "undecided") this.#mode = found?.state === "done" ? "replayed" : "live";
    if (this.#mode === "replayed") {
      if (found?.state !== "done")
        throw changed(migration, position, "the end of the transaction", statement.sql);
      return replay(migration, found, statement);
    }
    const client = await this.#begin();
    const result = resultOf(await client.query(statement.sql, [...(statement.values ?? [])]));
    const stored = storeResult(result);
    await client.query(journal.recordSql(migration, position, dataStep(statement), stored, result.rowCount));
    this.#lastPosition = position;
    return result;
  }

  async #commit(): Promise<void> {
    const { journal, migration } = this.#context;
    const client = this.#client;
    const last = this.#lastPosition;
    try {
      await client?.query("COMMIT");
    } catch (error) {
      if (
        failureOf(error) === "commit-outcome-unknown" &&
        last !== undefined &&
        (await journal.isDone(migration, last))
      ) {
        return;
      }
      this.#context.back(this.#context.at);
      throw error;
    } finally {
      this.#end();
    }
  }

  async #rollback(): Promise<void> {
    if (this.#mode === "ended") return;
    const client = this.#client;
    this.#context.back(this.#context.at);
    try {
      await client?.query("ROLLBACK");
    } catch {
      // The server rolls back a session that ends, and a connection with an open transaction is closed when it is released.
    } finally {
      this.#end();
    }
  }

  /** The connection of the transaction. If it could not be begun, no statement of it is sent. */
  #begin(): Promise<DsqlPoolClient> {
    this.#begun ??= this.#beginOnce();
    return this.#begun;
  }

  async #beginOnce(): Promise<DsqlPoolClient> {
    const client = await this.#context.pool.connect();
    this.#client = client;
    await client.query("BEGIN");
    await this.#context.journal.requireFence(this.#context.migration, client);
    return client;
  }

  /** A program may send several statements at once: they share one connection, and positions follow the order of the calls. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work, work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  #end(): void {
    if (this.#mode === "ended") return;
    this.#mode = "ended";
    this.#client?.release();
    this.#client = undefined;
    this.#context.ended();
  }
}

function replay(migration: string, found: JournalStep, statement: ProgramStatement): ProgramResult {
  if (found.plan.original !== identityOf(statement)) {
    throw changed(migration, found.position, found.plan.sql, statement.sql);
  }
  return storedResult(found.result, statement.sql);
}

/** A data statement as the journal keeps it; `original` holds what it is recognised by, its values included. */
function dataStep(statement: ProgramStatement): PlanStep {
  const { sql } = statement;
  return {
    index: 0,
    sql,
    kind: "dml",
    source: { line: 1, column: 1, offset: 0, length: sql.length },
    original: identityOf(statement),
    changes: [],
    safeToRepeat: false,
    done: { kind: "journal-only", reason: "It is recorded in its own transaction." },
  };
}

/** Values are hashed, so that the journal does not hold them. */
function identityOf({ sql, values = [] }: ProgramStatement): string {
  const shown = JSON.stringify(values, (_key, value) => (typeof value === "bigint" ? `${value}n` : value));
  return createHash("sha256").update(sql).update("\0").update(shown).digest("hex");
}

function resultOf(result: { command: string; rowCount: number | null; rows: unknown[] }): ProgramResult {
  const { command, rowCount, rows } = result;
  return { command, rowCount, rows: rows as Record<string, unknown>[] };
}

function firstWord(sql: string): string {
  return /[A-Za-z]+/.exec(sql)?.[0].toUpperCase() ?? "";
}

function changed(migration: string, position: number, was: string, is: string): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_CHANGED",
    `Migration ${migration} was interrupted, and its statement ${position + 1} is now a different one. It was: ${was} Now it is: ${is} Restore the migration, and deploy again. A migration must send the same statements in the same order each time: put values such as the time or a random id into SQL, or into a column's default.`,
  );
}

function valuesInDdl(sql: string): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `A DDL statement cannot have values: write them into its text. It was: ${sql}`,
  );
}

function ddlInTransaction(sql: string): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `A transaction of a migration can only change data: run DDL outside it, where each statement is recorded. It was: ${sql}`,
  );
}

function ended(): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_INPUT",
    "The transaction has ended: await every statement inside it.",
  );
}
