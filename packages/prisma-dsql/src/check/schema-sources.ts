import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import type { SchemaSource } from "./check-schema.ts";

/** Where to find a schema. */
export interface SchemaLocation {
  /** Files, and folders with everything below them; together they are one schema. */
  paths?: readonly string[] | undefined;
  /** Prisma's config file, as for `prisma --config`. @default the one that Prisma finds */
  configFile?: string | undefined;
  /** @default the working directory */
  folder?: string | undefined;
}

/** A schema, and a remark for the user about files that are not part of it. */
export interface FoundSchema {
  sources: SchemaSource[];
  /** Where its migrations are: what Prisma's config file says, or `migrations` beside the file of the datasource. */
  migrationsFolder: string;
  remark?: string | undefined;
}

// In Prisma's order: https://www.prisma.io/docs/orm/prisma-schema/overview/location (read 2026-11-21), and seen with 7.10.
const defaultFiles = ["schema.prisma", "prisma/schema.prisma"];
// Prisma reads these only when its config file or --schema names them.
const likelyFolders = ["prisma/schema", "prisma"];

/**
 * Reads the files of a schema: those that are named, else those that Prisma's config file names, else the first of
 * Prisma's default files.
 *
 * @throws Error when a path does not exist or has no `.prisma` file, and when the config file cannot be loaded.
 */
export async function readSchema({
  paths = [],
  configFile,
  folder = process.cwd(),
}: SchemaLocation = {}): Promise<FoundSchema> {
  if (paths.length > 0) return found(read(paths, folder), folder);
  const config = await configOfPrisma(folder, configFile);
  const migrations = config?.migrations?.path;
  if (config?.schema !== undefined) {
    return found(read([relative(folder, config.schema)], folder), folder, migrations);
  }
  const file = defaultFiles.find((path) => existsSync(resolve(folder, path)));
  if (file !== undefined) {
    return { ...found(read([file], folder), folder, migrations), ...remarkOn(file, folder) };
  }
  const likely = likelyFolders.find((path) => existsSync(resolve(folder, path)));
  if (likely !== undefined) return found(read([likely], folder), folder, migrations);
  throw new Error(
    `No schema found: neither prisma.config.ts nor ${defaultFiles.join(" nor ")} exists. Pass the schema's file or folder.`,
  );
}

function found(sources: SchemaSource[], folder: string, migrations?: string): FoundSchema {
  const main = sources.find(({ text }) => /^\s*datasource\s/m.test(text)) ?? sources[0];
  const beside = join(resolve(folder, dirname(main?.path ?? ".")), "migrations");
  return { sources, migrationsFolder: migrations === undefined ? beside : resolve(folder, migrations) };
}

/** The parts of Prisma's config file that are used; its paths are absolute. */
interface PrismaConfig {
  schema?: string;
  migrations?: { path?: string };
}

/** The loader of `@prisma/config`. */
interface PrismaConfigLoader {
  findPrismaConfigFile(folder: string): string | null;
  loadConfigFromFile(input: { configFile?: string; configRoot: string }): Promise<{
    config?: PrismaConfig;
    error?: { _tag: string; error?: Error };
  }>;
}

const configFiles = ["prisma.config", ".config/prisma"].flatMap((name) =>
  ["js", "ts", "mjs", "cjs", "mts", "cts"].map((extension) => `${name}.${extension}`),
);

/** Prisma's config file, read by the user's own Prisma. */
async function configOfPrisma(
  folder: string,
  configFile: string | undefined,
): Promise<PrismaConfig | undefined> {
  const file = configFile ?? configFiles.find((name) => existsSync(resolve(folder, name)));
  if (file === undefined) return undefined;
  const { config, error } = await loaderOfPrisma(folder, file).loadConfigFromFile({
    configFile: file,
    configRoot: folder,
  });
  if (error === undefined) return config;
  const reason = error.error === undefined ? error._tag : error.error.message;
  throw new Error(`Prisma could not load ${file}: ${reason}\nFix it, or pass the schema's file or folder.`, {
    cause: error.error,
  });
}

function loaderOfPrisma(folder: string, configFile: string): PrismaConfigLoader {
  try {
    const prisma = createRequire(join(folder, "package.json")).resolve("prisma/package.json");
    return createRequire(prisma)("@prisma/config") as PrismaConfigLoader;
  } catch (error) {
    throw new Error(
      `${configFile} needs the package prisma to be read: npm install --save-dev prisma, or pass the schema's file or folder.`,
      { cause: error },
    );
  }
}

/** Prisma reads its default file alone, so the models of other files are in no client and in no migration. */
function remarkOn(file: string, folder: string): { remark?: string } {
  if (dirname(file) !== "prisma") return {};
  const others = prismaFiles(resolve(folder, "prisma")).length - 1;
  if (others === 0) return {};
  return {
    remark: `Only ${file} was read, as Prisma does: ${others} other .prisma ${others === 1 ? "file" : "files"} in prisma/ belong to the schema only if prisma.config.ts has schema: "prisma".`,
  };
}

function read(paths: readonly string[], folder: string): SchemaSource[] {
  return paths
    .flatMap((path) => filesAt(path, folder))
    .map((path) => ({ path, text: readFileSync(resolve(folder, path), "utf8") }));
}

function filesAt(path: string, folder: string): string[] {
  const stats = statSync(resolve(folder, path), { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`${path} does not exist.`);
  if (!stats.isDirectory()) return [path];
  const files = prismaFiles(resolve(folder, path));
  if (files.length === 0) throw new Error(`${path} has no .prisma file.`);
  return files.map((name) => join(path, name));
}

function prismaFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".prisma"))
    .sort();
}
