import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SchemaEngine as Engine } from "@prisma/schema-engine-wasm";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";

/** What `SchemaEngine.new` connects to: a database that answers every question with nothing. */
const nothing = { columnNames: [], columnTypes: [], rows: [] };
const answers = <T>(value: T) => ({
  ok: true as const,
  value,
  map: <U>(use: (given: T) => U) => answers(use(value)),
  flatMap: <U>(use: (given: T) => U) => use(value),
});
const emptyDatabase = {
  provider: "postgres",
  adapterName: "empty",
  errorRegistry: { consumeError: () => undefined },
  queryRaw: async () => answers(nothing),
  executeRaw: async () => answers(0),
  executeScript: async () => answers(undefined),
  dispose: async () => answers(undefined),
};
const factory = {
  ...emptyDatabase,
  connect: async () => answers(emptyDatabase),
  connectToShadowDb: async () => answers(emptyDatabase),
};

/** As much of it as is used here; it is in no library of types that Node's programs load. */
declare const WebAssembly: {
  instantiate(wasm: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let engine: Promise<Engine> | undefined;

async function startEngine(): Promise<Engine> {
  const main = fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
  const wasm = readFileSync(main.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": bindings });
  const glue = bindings as unknown as { __wbg_set_wasm(exports: unknown): void; SchemaEngine: typeof Engine };
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return await glue.SchemaEngine.new({ datamodels: undefined }, () => {}, factory as never);
}

/** The statements with which Prisma itself would create a schema. */
export async function migrationSql(schema: string): Promise<string[]> {
  engine ??= startEngine();
  const { stdout } = await (await engine).diff({
    from: { tag: "empty" },
    to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content: schema }] },
    script: true,
    exitCode: null,
    shadowDatabaseUrl: null,
    filters: { externalTables: [], externalEnums: [] },
  } as never);
  return (stdout ?? "")
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.replace(/^\s*--.*\n/gm, "").trim())
    .filter((statement) => statement !== "" && !statement.startsWith("CREATE SCHEMA"));
}
