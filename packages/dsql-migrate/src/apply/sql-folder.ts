import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrateError } from "../errors.ts";

/** One migration file as it was read. */
export interface SqlFile {
  /** The file's name without `.sql`. */
  name: string;
  /** The given folder's path, with the file's name. */
  path: string;
  sql: string;
}

/**
 * Reads the `.sql` files of a folder in the order of their names: those that begin with a number by that number, so that
 * `2_b.sql` comes before `10_a.sql`; others by their characters. Files that end in `.down.sql` are ignored.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if the folder cannot be read, or two files begin with the same number
 */
export async function readSqlFolder(folder: string): Promise<SqlFile[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new MigrateError(
      "DSQL_MIGRATE_INPUT",
      `The folder ${folder} cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const files = names
    .filter((name) => name.endsWith(".sql") && !name.endsWith(".down.sql"))
    .map((name) => ({ name: name.slice(0, -".sql".length), path: join(folder, name) }));
  files.sort((a, b) => byNumberThenName(a.name, b.name));
  for (const [index, { name }] of files.entries()) {
    const previous = files[index - 1];
    if (
      previous !== undefined &&
      numberOf(name) !== undefined &&
      numberOf(name) === numberOf(previous.name)
    ) {
      throw new MigrateError(
        "DSQL_MIGRATE_INPUT",
        `${previous.name}.sql and ${name}.sql begin with the same number, so their order is not known: rename one of them.`,
      );
    }
  }
  return await Promise.all(files.map(async (file) => ({ ...file, sql: await readFile(file.path, "utf8") })));
}

/** A negative number if `a` comes first. */
function byNumberThenName(a: string, b: string): number {
  const [first, second] = [numberOf(a), numberOf(b)];
  if (first !== undefined && second !== undefined && first !== second) return first < second ? -1 : 1;
  if ((first === undefined) !== (second === undefined)) return first === undefined ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The number that a name begins with, after an optional `V` as Flyway writes it. */
function numberOf(name: string): bigint | undefined {
  const digits = /^[Vv]?(\d+)(?=$|[^0-9])/.exec(name)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
