import { parseArgs } from "node:util";
import { checkSchema } from "./check-schema.ts";
import type { Finding } from "./finding.ts";
import { type MigrationChanges, migrationChanges } from "./migration-changes.ts";
import { readSchema } from "./schema-sources.ts";

const usage = `Usage: prisma-dsql check [schema file or folder ...] [options]
       prisma-dsql migrate <command> [options]   (prisma-dsql migrate --help)

Finds what Amazon Aurora DSQL does not support in a Prisma schema. The files given are read as one schema;
without any, the schema is the one that prisma.config.ts names, or schema.prisma, or prisma/schema.prisma.

  --schema <path>   a file or folder of the schema, as Prisma's option
  --config <path>   Prisma's config file
  --known <name>    a domain or an SQL function of your own; may be repeated
  --json            print the findings as JSON
  --version         print the version
  --help            print this text

Exit code: 0 no errors, 1 errors, 2 the schema could not be read.
`;

/** Where the command writes; `process` fits. */
export interface CommandOutput {
  stdout: { write(text: string): unknown; isTTY?: boolean };
  stderr: { write(text: string): unknown };
}

/** Runs `prisma-dsql` with those arguments and returns its exit code; `version` is what `--version` prints. */
export async function runCommand(
  argv: readonly string[],
  output: CommandOutput,
  version: string,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        schema: { type: "string", multiple: true },
        config: { type: "string" },
        known: { type: "string", multiple: true },
        json: { type: "boolean" },
        version: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const [command, ...paths] = positionals;
    if (values.help) {
      output.stdout.write(usage);
      return 0;
    }
    if (values.version) {
      output.stdout.write(`${version}\n`);
      return 0;
    }
    if (command !== "check") {
      const problem = command === undefined ? "" : `prisma-dsql: unknown command "${command}".\n\n`;
      output.stderr.write(`${problem}${usage}`);
      return 2;
    }
    const { sources, remark } = await readSchema({
      paths: [...paths, ...(values.schema ?? [])],
      configFile: values.config,
    });
    const findings = checkSchema(sources, { known: values.known });
    const migration = migrationChanges(sources);
    if (remark !== undefined) output.stderr.write(`${remark}\n`);
    output.stdout.write(
      values.json
        ? `${JSON.stringify({ findings, migration }, null, 2)}\n`
        : `${reportOf(findings, hasColours(output))}${onMigration(migration)}`,
    );
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  } catch (error) {
    output.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

const colours = { error: "\u001b[31m", warning: "\u001b[33m" };

function hasColours({ stdout }: CommandOutput): boolean {
  return stdout.isTTY === true && !process.env.NO_COLOR;
}

function reportOf(findings: readonly Finding[], coloured: boolean): string {
  if (findings.length === 0) return "No problems found.\n";
  const lines = findings.map(({ path, line, column, severity, rule, message, advice }) => {
    const shown = coloured ? `${colours[severity]}${severity}\u001b[39m` : severity;
    return `${path}:${line}:${column} ${shown} ${rule}\n  ${message}\n  ${advice}\n`;
  });
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return `${lines.join("\n")}\n${count(errors, "error")}, ${count(findings.length - errors, "warning")}\n`;
}

function onMigration({ tables, indexes, foreignKeys }: MigrationChanges): string {
  const all = tables + indexes + foreignKeys;
  if (all < 2 && all === tables) return "";
  const changes = [
    `  each of its ${count(all, "statement")} in a transaction of its own`,
    indexes > 0 && `  ${count(indexes, "index", "indexes")} with CREATE INDEX ASYNC`,
    foreignKeys > 0 &&
      `  ${count(foreignKeys, "foreign key")} with NOT VALID, then ALTER TABLE ASYNC ... VALIDATE CONSTRAINT`,
  ];
  return `\nThe migration that Prisma writes for this schema must still be changed for DSQL:\n${changes.filter(Boolean).join("\n")}\n`;
}

function count(many: number, one: string, more = `${one}s`): string {
  return `${many} ${many === 1 ? one : more}`;
}
