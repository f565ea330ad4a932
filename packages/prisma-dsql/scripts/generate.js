// Generates Prisma clients with access to the package registry only: node generate.js <schema or folder>...
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const prismaManifest = require.resolve("prisma/package.json");

/** Generates the client of each schema file, or of each one in a folder; one that has not changed is skipped. */
export function generateClients(paths) {
  for (const schema of paths.flatMap(schemaFiles)) {
    const text = readFileSync(schema, "utf8");
    const output = /^\s*output\s*=\s*"([^"]+)"/m.exec(text)?.[1];
    if (output === undefined) throw new Error(`${schema} names no output folder for its client`);
    const folder = resolve(dirname(schema), output);
    const stamp = join(folder, ".generated-from");
    const fingerprint = createHash("sha256").update(text).update(readFileSync(prismaManifest)).digest("hex");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint) continue;
    // Another generator would leave the previous one's files; only a folder that this script has filled is emptied.
    if (existsSync(stamp)) rmSync(folder, { recursive: true, force: true });
    runPrismaGenerate(schema);
    writeFileSync(stamp, fingerprint);
  }
}

function schemaFiles(path) {
  if (!statSync(path).isDirectory()) return [resolve(path)];
  return readdirSync(path)
    .filter((name) => name.endsWith(".prisma"))
    .map((name) => resolve(path, name));
}

function runPrismaGenerate(schema) {
  const cli = join(dirname(prismaManifest), "build", "index.js");
  try {
    execFileSync(process.execPath, [cli, "generate", "--schema", schema], {
      cwd: dirname(schema),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: fileURLToPath(new URL("no-schema-engine.sh", import.meta.url)),
        PRISMA_HIDE_UPDATE_MESSAGE: "1",
        CHECKPOINT_DISABLE: "1",
      },
    });
  } catch (error) {
    throw new Error(`prisma generate failed for ${schema}:\n${error.stdout}${error.stderr}`, {
      cause: error,
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generateClients(process.argv.slice(2));
