import type { PoolConfig } from "pg";
import { rethrowFromCaller } from "../client/guarded-client.ts";
import { Pool } from "../client/pg-module.ts";
import { DsqlConfigError } from "../errors.ts";
import type { OutcomeCallback } from "./autocommit-statements.ts";

/** Runs one statement. */
export type Run = (query: unknown, values: unknown, done: OutcomeCallback) => void;

class PgPoolWithQuery extends Pool {
  readonly #run: Run;

  constructor(options: PoolConfig, run: Run) {
    super(options);
    this.#run = run;
  }

  // The export below gives it pg's own type, whose overloads an override could not repeat without `any`.
  override query(query: unknown, values?: unknown, callback?: unknown): never {
    if (typeof values === "function") [callback, values] = [values, undefined];
    if (isStatementObject(query)) {
      if (isCursor(query)) return Promise.reject(new DsqlConfigError(CURSOR)) as never;
      // The pool has to know when the statement has ended, and a client calls only one of two callbacks.
      callback ??= query.callback;
      query.callback = undefined;
    }
    if (typeof callback === "function") {
      const done = callback as OutcomeCallback;
      // An error thrown by the caller's callback must not reach the pool.
      return this.#run(query, values, (error, result) => process.nextTick(done, error, result)) as never;
    }
    return new Promise((resolve, reject) => {
      this.#run(query, values, (error, result) => (error ? reject(error) : resolve(result)));
    }).catch(rethrowFromCaller) as never;
  }
}

const CURSOR =
  "A cursor or a query stream keeps its connection until it is closed: take a client with pool.connect(), and release it afterwards.";

type SubmittableQuery = { submit: unknown; callback?: unknown; read?: unknown; cursor?: unknown };

function isStatementObject(query: unknown): query is SubmittableQuery {
  return (
    typeof query === "object" && query !== null && "submit" in query && typeof query.submit === "function"
  );
}

function isCursor(query: SubmittableQuery): boolean {
  return typeof query.read === "function" || query.cursor !== undefined;
}

/** pg's pool, whose `query` passes each statement to `run`. */
export const PoolWithQuery = PgPoolWithQuery as unknown as new (options: PoolConfig, run: Run) => Pool;
