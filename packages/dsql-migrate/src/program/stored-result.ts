import { deserialize, serialize } from "node:v8";
import { MigrateError } from "../errors.ts";
import type { ProgramResult } from "./program.ts";

/** DSQL's text holds 1 MiB; base64 is four thirds of its bytes. */
const MAX_CHARACTERS = 1_000_000;

/** A statement's result as text, or undefined if it is too long to be kept. Dates, bigints and buffers come back as such. */
export function storeResult(result: ProgramResult): string | undefined {
  const text = serialize(result).toString("base64");
  return text.length <= MAX_CHARACTERS ? text : undefined;
}

/** What {@link storeResult} has stored. */
export function storedResult(text: string | undefined, sql: string): ProgramResult {
  if (text === undefined) {
    throw new MigrateError(
      "DSQL_MIGRATE_FAILED",
      `The result of a statement that has run before was too long to be recorded: ${sql}. Return fewer rows from it.`,
    );
  }
  return deserialize(Buffer.from(text, "base64")) as ProgramResult;
}
