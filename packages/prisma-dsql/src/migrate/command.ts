import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type MigrationFile, planMigrations } from "dsql-migrate";
import {
  type Command,
  EXIT,
  type MigrationSource,
  migrationCommands,
  PLAN_OPTIONS,
  PLAN_USAGE,
  parseCommand,
  planOptions,
  planText,
  problemText,
  runProgram,
  styler,
  type Terminal,
  UsageError,
} from "dsql-migrate/cli";
import { type FoundSchema, readSchema } from "../check/schema-sources.ts";
import { computeMigration, writeMigration } from "./new-migration.ts";
import { prismaHistory } from "./prisma-history.ts";
import type { SchemaFile } from "./schema-engine.ts";

const LOCATION_OPTIONS = {
  schema: { type: "string" },
  config: { type: "string" },
  migrations: { type: "string" },
} as const;

const LOCATION_USAGE = `  --schema <path>             the schema's file or folder; the default is what Prisma finds
  --config <path>             Prisma's config file
  --migrations <folder>       the default is the one in Prisma's config, or migrations beside the schema
`;

interface LocationValues {
  schema?: string | undefined;
  config?: string | undefined;
  migrations?: string | undefined;
}

const source: MigrationSource = {
  program: "prisma-dsql migrate",
  synopsis: "",
  usage: LOCATION_USAGE,
  options: LOCATION_OPTIONS,
  async load({ positionals, values }, plan) {
    refuseArguments(positionals);
    const folder = await migrationsFolderOf(values as LocationValues);
    return {
      migrations: await planMigrations(await readMigrationsFolder(folder), plan),
      history: prismaHistory(),
    };
  },
};

const newUsage = `Usage: prisma-dsql migrate new --name <name> [options]

Compares the schema with the one that the last migration led to, and writes the migration between them, made for
Aurora DSQL. Needs no database and no native engine.

  --name <name>               a name that says what the migration does
  --from <path>               the schema after the last migration, if that migration has no snapshot
  --dry-run                   print the migration and write nothing
${LOCATION_USAGE}${PLAN_USAGE}  --help                      print this text

Exit code: 0 written, or nothing has changed; 1 DSQL does not support a change; 2 the command line or the schema was wrong.
`;

const newCommand: Command = {
  summary: "write a migration for the changes of the schema",
  usage: newUsage,
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "new", {
      ...LOCATION_OPTIONS,
      ...PLAN_OPTIONS,
      name: { type: "string" },
      from: { type: "string" },
      "dry-run": { type: "boolean" },
    });
    refuseArguments(positionals);
    if (values.name === undefined)
      throw new UsageError("Name the migration: prisma-dsql migrate new --name <name>.");
    const found = await findSchema(values);
    const schema = filesOf(found);
    const migrationsFolder = values.migrations ?? found.migrationsFolder;
    const migration = await computeMigration({
      name: values.name,
      migrationsFolder,
      schema,
      earlier: await readMigrationsFolder(migrationsFolder),
      from: values.from === undefined ? undefined : filesOf(await readSchema({ paths: [values.from] })),
      plan: planOptions(values),
      now: new Date(),
    });
    if (migration === undefined) {
      terminal.stdout.write("The schema has not changed since the last migration.\n");
      return EXIT.ok;
    }
    const style = styler(terminal);
    for (const problem of migration.plan.problems) {
      terminal.stdout.write(problemText(problem, { name: migration.name, sql: migration.sql }, style));
    }
    if (!migration.plan.ok) return EXIT.failed;
    if (values["dry-run"] === true) {
      terminal.stdout.write(migration.sql);
      return EXIT.ok;
    }
    const path = await writeMigration(migrationsFolder, migration, schema);
    terminal.stdout.write(planText({ ...migration, checksum: "" }, style));
    terminal.stdout.write(`Written to ${path}. Apply it with: prisma-dsql migrate deploy\n`);
    return EXIT.ok;
  },
};

/** Runs `prisma-dsql migrate` with the arguments after `migrate`, and returns its exit code. */
export async function runMigrateCommand(
  argv: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const program = {
    name: "prisma-dsql migrate",
    about: "Prisma migrations on Amazon Aurora DSQL.",
    commands: { new: newCommand, ...migrationCommands(source) },
    version,
  };
  return await runProgram(program, argv, terminal);
}

/** The migrations of a folder in Prisma's order, by the names of their folders. */
export async function readMigrationsFolder(folder: string): Promise<MigrationFile[]> {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // Before the first migration there is no folder.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return await Promise.all(
    names.sort().map(async (name) => {
      const path = join(folder, name, "migration.sql");
      try {
        return { name, path, sql: await readFile(path, "utf8") };
      } catch (cause) {
        throw new UsageError(
          `${path} cannot be read: restore it, or delete its folder if it was never applied.`,
          {
            cause,
          },
        );
      }
    }),
  );
}

async function migrationsFolderOf(values: LocationValues): Promise<string> {
  return values.migrations ?? (await findSchema(values)).migrationsFolder;
}

async function findSchema({ schema, config }: LocationValues): Promise<FoundSchema> {
  try {
    return await readSchema({ paths: schema === undefined ? [] : [schema], configFile: config });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function filesOf({ sources }: FoundSchema): SchemaFile[] {
  return sources.map(({ path, text }) => ({ path, content: text }));
}

function refuseArguments(positionals: readonly string[]): void {
  if (positionals.length > 0) {
    throw new UsageError(`"${positionals[0]}" is not an option: see prisma-dsql migrate --help.`);
  }
}
