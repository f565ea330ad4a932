import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, Context } from "../cell.ts";
import { environmentFor, overridesBeside, ownPackages, runWithEndpoint, writeFiles } from "../project.ts";
import { runCommand } from "../run-command.ts";
import { REPOSITORY } from "../tarballs.ts";

interface Block {
  language: string;
  code: string;
  /** The path that the line before it names, as `prisma/schema.prisma`. */
  path?: string | undefined;
}

/** The packages whose READMEs begin with a program. */
const PACKAGES = ["dsql-core", "kysely-dsql", "drizzle-dsql", "prisma-dsql", "dsql-local", "dsql-migrate"];

/**
 * The first program of each README, with what its blocks before it install, write and run, in an empty folder: compiled
 * as TypeScript, and run as JavaScript.
 */
export const readmes: Cell[] = PACKAGES.map((name) => ({
  name: `README of ${name}`,
  short: name === "dsql-core",
  run: async (context) => {
    const folder = await context.emptyFolder(`readme-${name}`);
    // Kysely 0.29 needs Node 22.
    const node = await context.tools.node(name === "dsql-core" ? "20" : "24");
    await startPackage(context, folder);
    const program = await followBlocks(context, folder, node, await blocksOf(name));
    const output = await compileAndRun(context, folder, node, program);
    return output.trim().split("\n").at(-1)?.slice(0, 60);
  },
}));

/** Empty, except for the overrides that make npm use the packed packages instead of published ones. */
async function startPackage(context: Context, folder: string): Promise<void> {
  await writeFiles(folder, {
    "package.json": JSON.stringify({
      private: true,
      type: "module",
      overrides: overridesBeside(context, {}),
    }),
  });
}

async function blocksOf(name: string): Promise<Block[]> {
  const text = await readFile(join(REPOSITORY, "packages", name, "README.md"), "utf8");
  return [...text.matchAll(/(?:^[^\n]*`([\w./-]+\.\w+)`[^\n]*:\n\n)?^```(\w*)\n(.*?)^```$/gms)].map(
    ([, path, language = "", code = ""]) => ({ path, language, code }),
  );
}

/** Carries out the blocks up to the first program, and returns that program. */
async function followBlocks(
  context: Context,
  folder: string,
  node: string,
  blocks: readonly Block[],
): Promise<Block> {
  for (const block of blocks) {
    if (block.language === "ts" || block.language === "js") return block;
    if (block.language === "sh") {
      for (const line of block.code.trim().split("\n")) await runLine(context, folder, node, line);
    } else if (block.path !== undefined) await writeFiles(folder, { [block.path]: block.code });
  }
  throw new Error("The README has no program.");
}

async function runLine(context: Context, folder: string, node: string, line: string): Promise<void> {
  const words = line
    .replace(/\s+#.*$/, "")
    .trim()
    .split(/\s+/);
  const isInstall = words[0] === "npm" && words[1] === "install";
  // The endpoint is already running.
  if (!isInstall && (words[0] !== "npx" || words[1] === "dsql-local")) return;
  const own = ownPackages(context);
  const command = isInstall ? words.map((word) => own[word] ?? word) : words;
  if (isInstall) await withoutOverridesOf(folder, words);
  await runCommand(command, {
    cwd: folder,
    env: {
      ...context.endpoint.env,
      ...environmentFor(node),
      // `prisma generate` would download one, and needs none.
      PRISMA_SCHEMA_ENGINE_BINARY: join(REPOSITORY, "packages/prisma-dsql/scripts/no-schema-engine.sh"),
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
      npm_config_prefer_offline: "true",
    },
  });
}

/** npm refuses an override of a package that is also installed by name. */
async function withoutOverridesOf(folder: string, names: readonly string[]): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const name of names) delete manifest.overrides[name];
  await writeFiles(folder, { "package.json": JSON.stringify(manifest) });
}

async function compileAndRun(context: Context, folder: string, node: string, block: Block): Promise<string> {
  const file = "first.ts";
  await writeFiles(folder, {
    [file]: block.code,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "es2023",
        lib: ["es2023", "esnext.disposable"],
        module: "nodenext",
        strict: true,
        skipLibCheck: true,
        rewriteRelativeImportExtensions: true,
        outDir: "out",
        rootDir: ".",
      },
      files: [file],
    }),
  });
  const tsc = await context.tools.path("typescript", "5.9", "bin/tsc");
  await runCommand([process.execPath, tsc, "-p", "."], { cwd: folder });
  const { output } = await runWithEndpoint(context, [node, "out/first.js"], folder);
  return output;
}
