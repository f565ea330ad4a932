import { type Kysely, type OperationNodeSource, sql } from "kysely";
import { waitForJob } from "./async-job.ts";

/**
 * Adds a CHECK or FOREIGN KEY constraint to an existing table as NOT VALID, the only way in which DSQL adds one: it applies to
 * rows that are written from then on. {@link validateConstraint} checks the existing rows.
 *
 * ```ts
 * await addConstraintNotValid(db, db.schema.alterTable("book").addCheckConstraint("has_title", sql`title <> ''`));
 * await validateConstraint(db, "book", "has_title");
 * ```
 * @throws DsqlConfigError for a unique or primary key constraint; nothing is sent
 */
export async function addConstraintNotValid<DB>(
  db: Kysely<DB>,
  constraint: OperationNodeSource,
): Promise<void> {
  await sql`${constraint} not valid`.execute(db);
}

/**
 * Checks the existing rows of a table against a constraint that was added as NOT VALID, and waits until they are checked. DSQL
 * does it in an asynchronous job. Call it outside a transaction; `table` may be `schema.table`.
 * @throws AsyncJobFailedError when a row violates the constraint
 */
export async function validateConstraint<DB>(
  db: Kysely<DB>,
  table: string,
  constraint: string,
): Promise<void> {
  const validate = sql`alter table async ${sql.table(table)} validate constraint ${sql.id(constraint)}`;
  await waitForJob(db, await validate.execute(db));
}
