import { parseArgs } from "node:util";
import { checkSchema, type SchemaSource } from "./check-schema.ts";
import type { Finding } from "./finding.ts";
import { readSchemaSources } from "./schema-sources.ts";
import { SchemaSyntaxError } from "./schema-tree.ts";

const usage = `Usage: prisma-dsql check [schema file or folder ...] [--json]

Finds what Amazon Aurora DSQL cannot take in a Prisma schema. The files given are read as one schema;
without any, the schema is looked for where Prisma looks for it.

  --json   print the findings as JSON
  --help   print this text

Exit code: 0 nothing that DSQL refuses, 1 something, 2 the schema could not be read.
`;

/** Where the command writes; `process` fits. */
export interface CommandOutput {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
}

/** Runs `prisma-dsql` with those arguments and returns its exit code. */
export function runCommand(argv: readonly string[], output: CommandOutput): number {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    const [command, ...paths] = positionals;
    if (values.help) {
      output.stdout.write(usage);
      return 0;
    }
    if (command !== "check") {
      output.stderr.write(usage);
      return 2;
    }
    const findings = checkReadable(readSchemaSources(paths));
    output.stdout.write(values.json ? `${JSON.stringify({ findings }, null, 2)}\n` : asText(findings));
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  } catch (error) {
    output.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

function checkReadable(sources: readonly SchemaSource[]): Finding[] {
  for (const source of sources) {
    try {
      checkSchema([source]);
    } catch (error) {
      if (!(error instanceof SchemaSyntaxError)) throw error;
      const { line, column } = error.position;
      throw new Error(`${source.path}:${line}:${column} ${error.message}`, { cause: error });
    }
  }
  return checkSchema(sources);
}

function asText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "Aurora DSQL takes this schema.\n";
  const lines = findings.map(
    ({ path, line, column, severity, rule, message, advice }) =>
      `${path}:${line}:${column} ${severity} ${rule}\n  ${message}\n  ${advice}\n`,
  );
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return `${lines.join("\n")}\n${count(errors, "error")}, ${count(findings.length - errors, "warning")}\n`;
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}
