// Writes test/fixtures/{drizzle,prisma,kysely}: what the tools themselves generate from the schemas of test/fixtures/schemas.
//
//   node packages/dsql-migrate/scripts/generate-fixtures.js
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { drizzleSchemas } from "../test/fixtures/schemas/drizzle.js";
import { kyselyMigrations } from "../test/fixtures/schemas/kysely.js";
import { prismaSchemas } from "../test/fixtures/schemas/prisma.js";

const VERSIONS = [0, 1, 2, 3];
const fixtures = fileURLToPath(new URL("../test/fixtures/", import.meta.url));

function write(tool, name, version, sql) {
  const folder = join(fixtures, tool, name);
  if (version === 0) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${String(version).padStart(4, "0")}.sql`),
    sql.endsWith("\n") ? sql : `${sql}\n`,
  );
}

/** As `drizzle-kit generate` writes a migration. */
async function drizzle() {
  for (const [name, schemaOf] of Object.entries(drizzleSchemas)) {
    let before = generateDrizzleJson({});
    for (const version of VERSIONS) {
      const after = generateDrizzleJson(schemaOf(version), before.id);
      const statements = await generateMigration(before, after);
      write("drizzle", name, version, statements.join("--> statement-breakpoint\n"));
      before = after;
    }
  }
}

/** As `prisma migrate diff --script` prints it. */
async function prisma() {
  const engine = await schemaEngine();
  const files = (name, version) => {
    const content = `datasource db {\n  provider = "postgresql"\n}\n${prismaSchemas[name](version)}`;
    return { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] };
  };
  for (const name of Object.keys(prismaSchemas)) {
    for (const version of VERSIONS) {
      const { stdout } = await engine.diff({
        from: version === 0 ? { tag: "empty" } : files(name, version - 1),
        to: files(name, version),
        script: true,
        exitCode: null,
        shadowDatabaseUrl: null,
        filters: { externalTables: [], externalEnums: [] },
      });
      write("prisma", name, version, stdout);
    }
  }
}

async function schemaEngine() {
  const wasm = readFileSync(
    fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg")).replace(
      /\.js$/,
      ".wasm",
    ),
  );
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  // The engine connects when it is made, and asks nothing of the database for a diff of two schemas.
  const answer = (value) => ({
    ok: true,
    value,
    map: (use) => answer(use(value)),
    flatMap: (use) => use(value),
  });
  const connection = {
    provider: "postgres",
    adapterName: "empty",
    errorRegistry: { consumeError: () => undefined },
    queryRaw: async () => answer({ columnNames: [], columnTypes: [], rows: [] }),
    executeRaw: async () => answer(0),
    executeScript: async () => answer(undefined),
    dispose: async () => answer(undefined),
  };
  const factory = {
    ...connection,
    connect: async () => answer(connection),
    connectToShadowDb: async () => answer(connection),
  };
  return await bindings.SchemaEngine.new({ datamodels: undefined }, () => {}, factory);
}

function kysely() {
  for (const [version, builders] of Object.values(kyselyMigrations).entries())
    write(
      "kysely",
      "documentation",
      version,
      builders.map((builder) => `${builder.compile().sql};\n`).join(""),
    );
}

await drizzle();
await prisma();
kysely();
