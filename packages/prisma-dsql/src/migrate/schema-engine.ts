import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { MigrateError } from "dsql-migrate";

/** A file of a Prisma schema. */
export interface SchemaFile {
  path: string;
  content: string;
}

/** The parts of Prisma's schema engine that are used here. */
interface SchemaEngine {
  diff(input: object): Promise<{ exitCode: number; stdout: string | null }>;
}

interface Bindings {
  SchemaEngine: { new: (options: object, log: () => void, factory: object) => Promise<SchemaEngine> };
  __wbg_set_wasm(exports: unknown): void;
}

/** The parts of WebAssembly that are used; the type libraries for Node.js do not include them. */
declare const WebAssembly: {
  instantiate(
    wasm: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> & { __wbindgen_start(): void } } }>;
};

const PACKAGE = "@prisma/schema-engine-wasm";

let engine: Promise<SchemaEngine> | undefined;

/**
 * The SQL that migrates a database from one schema to another, as Prisma writes it; undefined if there is no difference.
 * It connects to nothing, and needs no native engine.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` for a schema that is not valid, or if the engine's package is not installed
 */
export async function diffSchemas(
  from: readonly SchemaFile[] | undefined,
  to: readonly SchemaFile[],
): Promise<string | undefined> {
  engine ??= startEngine();
  let result: { exitCode: number; stdout: string | null };
  try {
    result = await (await engine).diff({
      from: from === undefined ? { tag: "empty" } : { tag: "schemaDatamodel", files: from },
      to: { tag: "schemaDatamodel", files: to },
      script: true,
      exitCode: true,
      shadowDatabaseUrl: null,
      filters: { externalTables: [], externalEnums: [] },
    });
  } catch (cause) {
    if (cause instanceof MigrateError) throw cause;
    throw new MigrateError("DSQL_MIGRATE_INPUT", `Prisma cannot read the schema: ${messageOf(cause)}`, {
      cause,
    });
  }
  return result.exitCode === 0 ? undefined : (result.stdout ?? "");
}

async function startEngine(): Promise<SchemaEngine> {
  const require = createRequire(import.meta.url);
  let main: string;
  let bindings: Bindings;
  try {
    main = require.resolve(`${PACKAGE}/schema_engine_bg`);
    bindings = (await import(`${PACKAGE}/schema_engine_bg`)) as unknown as Bindings;
  } catch (cause) {
    throw new MigrateError(
      "DSQL_MIGRATE_INPUT",
      `${PACKAGE} is needed to compare schemas, in the version of your Prisma: npm install --save-dev ${PACKAGE}@$(node -p "require('@prisma/engines-version/package.json').version")`,
      { cause },
    );
  }
  const wasm = await readFile(main.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return await bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, emptyDatabase());
}

/** What the engine connects to when it starts: a database without rows. */
function emptyDatabase(): object {
  const resolved = (value: unknown): object => ({
    ok: true,
    value,
    map: (use: (given: unknown) => unknown) => resolved(use(value)),
    flatMap: (use: (given: unknown) => unknown) => use(value),
  });
  const adapter = {
    provider: "postgres",
    adapterName: "prisma-dsql",
    errorRegistry: { consumeError: () => undefined },
    queryRaw: async () => resolved({ columnNames: [], columnTypes: [], rows: [] }),
    executeRaw: async () => resolved(0),
    executeScript: async () => resolved(undefined),
    dispose: async () => resolved(undefined),
  };
  return {
    ...adapter,
    connect: async () => resolved(adapter),
    connectToShadowDb: async () => resolved(adapter),
  };
}

/** The engine reports an invalid schema as JSON. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
