import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  MigrateError,
  type MigrationFile,
  type MigrationPlan,
  type PlanOptions,
  planMigrations,
} from "dsql-migrate";
import { diffSchemas, type SchemaFile } from "./schema-engine.ts";

/**
 * The schema after a migration is kept beside its SQL, so that the next one can be computed from it without a
 * database. Its name does not end in `.prisma`, so that Prisma does not treat it as a part of the schema.
 */
const SNAPSHOT = "schema.snapshot";

/** A migration that was computed. */
export interface NewMigration {
  /** The folder's name: the time and the given name. */
  name: string;
  /** The contents of `migration.sql`. */
  sql: string;
  plan: MigrationPlan;
}

/**
 * Computes the migration from the schema after the last one to the current schema, and rewrites its SQL for DSQL.
 * @returns undefined if the schema has not changed
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if the last migration has no snapshot of its schema
 */
export async function computeMigration(options: {
  name: string;
  migrationsFolder: string;
  schema: readonly SchemaFile[];
  /** The existing migrations, in order. */
  earlier: readonly MigrationFile[];
  /** The schema after the existing migrations, if they have no snapshot. */
  from?: readonly SchemaFile[] | undefined;
  plan?: Omit<PlanOptions, "file"> | undefined;
  now: Date;
}): Promise<NewMigration | undefined> {
  const { migrationsFolder, schema, earlier, plan } = options;
  const last = earlier.at(-1);
  const from =
    options.from ?? (last === undefined ? undefined : await readSnapshot(join(migrationsFolder, last.name)));
  const difference = await diffSchemas(from, schema);
  if (difference === undefined) return undefined;
  const name = `${timestampOf(options.now)}_${folderNameOf(options.name)}`;
  const planned = await planMigrations([...earlier, { name, sql: difference }], plan);
  const own = planned.at(-1)?.plan as MigrationPlan;
  return { name, sql: own.ok ? sqlOf(own) : difference, plan: own };
}

/** Writes a computed migration, and the schema after it. Returns the path of its SQL. */
export async function writeMigration(
  migrationsFolder: string,
  migration: NewMigration,
  schema: readonly SchemaFile[],
): Promise<string> {
  const folder = join(migrationsFolder, migration.name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, SNAPSHOT), snapshotOf(schema));
  const lock = join(migrationsFolder, "migration_lock.toml");
  if (!(await readdir(migrationsFolder)).includes("migration_lock.toml")) {
    await writeFile(
      lock,
      '# Prisma reads this file. Keep it under version control.\nprovider = "postgresql"\n',
    );
  }
  // Last, so that a folder without its SQL shows that writing was interrupted.
  const path = join(folder, "migration.sql");
  await writeFile(path, migration.sql);
  return path;
}

async function readSnapshot(folder: string): Promise<SchemaFile[]> {
  try {
    return [{ path: "schema.prisma", content: await readFile(join(folder, SNAPSHOT), "utf8") }];
  } catch (cause) {
    throw new MigrateError(
      "DSQL_MIGRATE_INPUT",
      `${folder} has no ${SNAPSHOT}, so the schema after its migration is not known. Pass that schema once with --from <file or folder>, for instance from the commit that added the migration.`,
      { cause },
    );
  }
}

/** Several files of one schema mean the same as one file with all their contents. */
function snapshotOf(schema: readonly SchemaFile[]): string {
  return schema
    .map(({ content }) => content.trimEnd())
    .join("\n\n")
    .concat("\n");
}

/**
 * The statements of a plan as a file. A statement that becomes a backfill stays as Prisma wrote it, because its batches are
 * generated when it is applied; planning the file again yields the same steps.
 */
function sqlOf({ steps }: MigrationPlan): string {
  const parts: string[] = [];
  for (let index = 0; index < steps.length; ) {
    const { offset, length } = (steps[index] as (typeof steps)[number]).source;
    let end = index;
    while (steps[end]?.source.offset === offset && steps[end]?.source.length === length) end += 1;
    const group = steps.slice(index, end);
    const notes = new Set(group.flatMap(({ changes }) => changes.map(({ message }) => message)));
    const comments = [...notes].map((note) => `-- ${note.replaceAll("\n", " ")}\n`).join("");
    const statements = group.some(({ backfill }) => backfill !== undefined)
      ? [(group[0] as (typeof group)[number]).original]
      : group.map(({ sql }) => sql);
    parts.push(`${comments}${statements.map((sql) => `${sql};\n`).join("")}`);
    index = end;
  }
  return parts.join("\n");
}

/** As Prisma names its folders: `20261126093000`, in UTC. */
function timestampOf(time: Date): string {
  return time.toISOString().replace(/[-:T]/g, "").slice(0, 14);
}

function folderNameOf(name: string): string {
  const cleaned = name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (cleaned !== "") return cleaned.slice(0, 200);
  throw new MigrateError("DSQL_MIGRATE_INPUT", `"${name}" cannot name a migration: use letters and digits.`);
}
