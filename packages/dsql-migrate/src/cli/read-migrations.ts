import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { readSqlFolder } from "../apply/sql-folder.ts";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanOptions } from "../plan/options.ts";
import { type MigrationFile, planMigrations } from "../plan/planner.ts";
import { type Terminal, UsageError } from "./command.ts";

/**
 * Reads what a command line names: a file, `-` for standard input, or a folder of `.sql` files or of folders that hold a
 * `migration.sql` each, as Prisma and Drizzle write them.
 */
export async function readMigrations(paths: readonly string[], terminal: Terminal): Promise<MigrationFile[]> {
  const files: MigrationFile[] = [];
  for (const path of paths)
    files.push(...(path === "-" ? [await readStdin(terminal)] : await readPath(path)));
  return files;
}

/** {@link readMigrations}, planned, each with the knowledge of what the ones before it make. */
export async function planPaths(
  paths: readonly string[],
  options: Omit<PlanOptions, "file">,
  terminal: Terminal,
): Promise<PlannedMigration[]> {
  return await planMigrations(await readMigrations(paths, terminal), options);
}

async function readStdin(terminal: Terminal): Promise<MigrationFile> {
  if (!terminal.stdin) throw new UsageError("There is no standard input to read.");
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk));
  return { name: "stdin", sql: Buffer.concat(chunks).toString("utf8") };
}

async function readPath(path: string): Promise<MigrationFile[]> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
    if (!isFolder) return [{ name: basename(path, ".sql"), path, sql: await readFile(path, "utf8") }];
  } catch (cause) {
    throw new MigrateError("DSQL_MIGRATE_INPUT", `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const files = [...(await readSqlFolder(path)), ...(await readNamedFolders(path))];
  if (files.length === 0)
    throw new MigrateError(
      "DSQL_MIGRATE_INPUT",
      `${path} holds no .sql file, and no folder with a migration.sql.`,
    );
  return files;
}

async function readNamedFolders(folder: string): Promise<MigrationFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const files: MigrationFile[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name, "migration.sql");
    try {
      files.push({ name, path, sql: await readFile(path, "utf8") });
    } catch (error) {
      // Other folders, such as drizzle-kit's meta, are ignored.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return files;
}
