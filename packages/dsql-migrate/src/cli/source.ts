import type { HistoryTable } from "../apply/history.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanOptions } from "../plan/options.ts";
import { type Terminal, UsageError } from "./command.ts";
import { planPaths } from "./read-migrations.ts";

/** The migrations that a command works on. */
export interface LoadedMigrations {
  migrations: readonly PlannedMigration[];
  /** The history table of another tool. */
  history?: HistoryTable | undefined;
}

/** Where the commands of one program find their migrations. */
export interface MigrationSource {
  /** How the commands are called, such as `dsql-migrate`. */
  program: string;
  /** The arguments that name the migrations, such as ` <folder>`. */
  synopsis: string;
  /** Their description in the help of the commands; ends with a line break. */
  usage: string;
  /** Command-line options that say where the migrations are. */
  options: Record<string, { type: "string" }>;
  load(
    given: { positionals: readonly string[]; values: Readonly<Record<string, unknown>> },
    plan: Omit<PlanOptions, "file">,
    terminal: Terminal,
  ): Promise<LoadedMigrations>;
}

/** A folder of `.sql` files, whose history is the journal. */
export const sqlFolder: MigrationSource = {
  program: "dsql-migrate",
  synopsis: " <folder>",
  usage: "",
  options: {},
  async load({ positionals }, plan, terminal) {
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) {
      throw new UsageError("Name one folder of .sql files: dsql-migrate <command> <folder>.");
    }
    return { migrations: await planPaths([folder], plan, terminal) };
  },
};
