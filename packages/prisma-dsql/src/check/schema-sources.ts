import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SchemaSource } from "./check-schema.ts";

// Where the Prisma CLI looks when it is told nothing.
const usualPlaces = ["prisma/schema.prisma", "schema.prisma", "prisma/schema", "prisma"];

/**
 * Reads the schema files at those paths, folders with all that is below them; the usual places when there are none.
 *
 * @throws Error when a path is not there or holds no `.prisma` file.
 */
export function readSchemaSources(paths: readonly string[]): SchemaSource[] {
  const given = paths.length > 0 ? paths : [usualPlace()];
  return given.flatMap(schemaFiles).map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

function usualPlace(): string {
  const found = usualPlaces.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (found === undefined)
    throw new Error(`No schema found at ${usualPlaces.join(", ")}; name its file or folder.`);
  return found;
}

function schemaFiles(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`${path} does not exist.`);
  if (!stats.isDirectory()) return [path];
  const files = readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".prisma"))
    .sort();
  if (files.length === 0) throw new Error(`${path} holds no .prisma file.`);
  return files.map((name) => join(path, name));
}
