import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Context } from "./cell.ts";
import { demandOutput, type Format, type Part, programOf } from "./program.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

/** Releases that a newcomer gets, and that run on every supported Node.js. */
const PEERS: Record<string, string> = {
  pg: "^8.16.0",
  kysely: "^0.28.0",
  "drizzle-orm": "^0.45.0",
  "@opentelemetry/api": "^1.9.0",
};

export const ALL_PARTS: readonly Part[] = ["core", "kysely", "drizzle", "telemetry"];

/** The other packages of a project, besides ours and their peers. */
export interface ProjectOptions {
  packages?: Record<string, string>;
  manifest?: Record<string, unknown>;
  files?: Record<string, string>;
}

/** A folder with a package.json that names ours by their tarballs, also where one of them depends on another. */
export async function projectFolder(
  context: Context,
  name: string,
  { packages = {}, manifest = {}, files = {} }: ProjectOptions = {},
): Promise<string> {
  const folder = await context.emptyFolder(name);
  const own = ownPackages(context, ["dsql-core", "kysely-dsql", "drizzle-dsql"]);
  const dependencies: Record<string, string> = { ...own, ...PEERS, ...packages };
  await writeFiles(folder, {
    "package.json": JSON.stringify(
      {
        name: "consumer",
        version: "1.0.0",
        private: true,
        dependencies,
        overrides: overridesBeside(context, dependencies),
        ...manifest,
      },
      undefined,
      2,
    ),
    ...files,
  });
  return folder;
}

/** For npm: if one of our packages depends on another, it gets the packed one. */
export function overridesBeside(
  { tarballs }: Context,
  dependencies: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    [...tarballs].map(([name, tarball]) => [name, name in dependencies ? `$${name}` : `file:${tarball}`]),
  );
}

/** Names to `file:` addresses. */
export function ownPackages(
  { tarballs }: Context,
  names: readonly string[] = [...tarballs.keys()],
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const tarball = tarballs.get(name);
      if (tarball === undefined) throw new Error(`No package ${name} was packed.`);
      return [name, `file:${tarball}`];
    }),
  );
}

/** The same, installed by npm; once for each name. */
export function npmProject(context: Context, name: string, options: ProjectOptions = {}): Promise<string> {
  return context.once(`npm project ${name}`, async () => {
    const folder = await projectFolder(context, name, options);
    await npmInstall(folder);
    return folder;
  });
}

/** npm does not revalidate its cache, because most folders install the same packages. */
export function npmInstall(folder: string, ...options: string[]): Promise<CommandResult> {
  return runCommand(["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...options], {
    cwd: folder,
  });
}

/** Writes a program that uses ours, calls it, and checks what it printed. */
export async function runProgram(
  context: Context,
  folder: string,
  format: Format,
  {
    node = process.execPath,
    parts = ALL_PARTS,
    command = (file: string) => [node, file],
  }: { node?: string; parts?: readonly Part[]; command?: (file: string) => string[] } = {},
): Promise<void> {
  const file = await writeProgram(folder, format, parts);
  const { output } = await runWithEndpoint(context, command(file), folder);
  demandOutput(output, parts);
}

/** Writes `program.mjs` or `program.cjs`, and returns its name. */
async function writeProgram(folder: string, format: Format, parts: readonly Part[]): Promise<string> {
  const file = format === "esm" ? "program.mjs" : "program.cjs";
  await writeFiles(folder, {
    [file]: `${programOf(parts, format, false)}\nmain().catch((error) => {\n  console.error(error);\n  process.exitCode = 1;\n});\n`,
  });
  return file;
}

export function runWithEndpoint(
  { endpoint }: Context,
  command: readonly string[],
  cwd: string,
  mayFail = false,
): Promise<CommandResult> {
  return runCommand(command, { cwd, env: endpoint.env, mayFail });
}

/** The environment in which a package manager runs on a given Node.js. */
export function environmentFor(node: string): Record<string, string> {
  return { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
}

export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
