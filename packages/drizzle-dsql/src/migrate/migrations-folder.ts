import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrateError } from "dsql-migrate";

/** One migration as drizzle-kit wrote it. */
interface DrizzleMigration {
  /** The tag of a 0.45 journal, or the folder's name in 1.0. */
  name: string;
  path: string;
  sql: string;
  /** Milliseconds since 1970: drizzle-orm stores it as `created_at`, which identifies the migration. */
  createdAtMs: number;
}

/** The version of drizzle-kit that wrote a folder. */
type FolderFormat = "0.45" | "1.0";

export interface DrizzleFolder {
  format: FolderFormat;
  migrations: DrizzleMigration[];
}

/**
 * Reads what `drizzle-kit generate` writes: `meta/_journal.json` with a file for each entry (0.45), or a folder for each
 * migration (1.0).
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if the folder contains neither, or a file is missing
 */
export async function readDrizzleFolder(folder: string): Promise<DrizzleFolder> {
  const journal = join(folder, "meta", "_journal.json");
  const format: FolderFormat = existsSync(journal) ? "0.45" : "1.0";
  const migrations = format === "0.45" ? await readJournal(folder, journal) : await readFolders(folder);
  return { format, migrations };
}

async function readJournal(folder: string, journal: string): Promise<DrizzleMigration[]> {
  const { entries } = JSON.parse(await read(journal)) as { entries: { tag: string; when: number }[] };
  return await Promise.all(
    entries.map(async ({ tag, when }) => {
      const path = join(folder, `${tag}.sql`);
      return { name: tag, path, sql: await read(path), createdAtMs: when };
    }),
  );
}

async function readFolders(folder: string): Promise<DrizzleMigration[]> {
  const migrations: DrizzleMigration[] = [];
  for (const name of (await entriesOf(folder)).sort()) {
    const path = join(folder, name, "migration.sql");
    if (!existsSync(path)) continue;
    const createdAtMs = timeOf(name);
    if (createdAtMs === undefined) {
      throw new MigrateError(
        "DSQL_MIGRATE_INPUT",
        `${join(folder, name)} does not begin with a time such as 20261126093000, as the folders of drizzle-kit do.`,
      );
    }
    migrations.push({ name, path, sql: await read(path), createdAtMs });
  }
  return migrations;
}

/** The time in UTC that a folder's name begins with. */
function timeOf(name: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(name) ?? [];
  if (parts.length === 0) return undefined;
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `${path} cannot be read: ${(cause as Error).message}. Is migrationsFolder the folder that drizzle-kit generate writes?`,
    { cause },
  );
}
