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
