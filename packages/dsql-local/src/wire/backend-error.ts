import type { ErrorFields } from "./error-fields.ts";

/** An error that the PostgreSQL behind the endpoint returned for one of the endpoint's own queries. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly fields: ErrorFields;

  constructor(fields: ErrorFields) {
    super(fields.message);
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields.sqlstate;
  }
}

/** The PostgreSQL behind the endpoint closed a connection, or could not be reached. */
export class BackendGoneError extends Error {
  override readonly name = "BackendGoneError";
}

/** SQLSTATEs of a PostgreSQL that is starting up, shutting down, or ending its sessions because one of them was killed. */
const UNAVAILABLE = new Set(["57P01", "57P02", "57P03"]);

/** Whether PostgreSQL was briefly unavailable, so that another connection may succeed a little later. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof BackendGoneError || (error instanceof BackendError && UNAVAILABLE.has(error.sqlstate));
