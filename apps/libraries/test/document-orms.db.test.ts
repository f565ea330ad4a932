import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { drizzle } from "drizzle-dsql";
import type { Kysely } from "kysely";
import { transactionWithRetry } from "prisma-dsql";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { useCluster } from "./cluster.ts";

const page = readFileSync(new URL("../../../docs/from-aws-connectors.md", import.meta.url), "utf8");
const [kyselyBefore, kysely, drizzleBefore, drizzleAfter, prismaBefore, prisma] = [
  ...page.matchAll(/```ts\n(.*?)```/gs),
].map(([, code = ""]) => code);
const cluster = useCluster();
let folder: string;

/** The part of the generated client that the test calls. */
interface PrismaClient {
  account: { update(args: object): Promise<unknown> };
  $transaction<R>(
    work: (tx: Omit<PrismaClient, "$transaction" | "$connect" | "$disconnect">) => Promise<R>,
  ): Promise<R>;
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
}

/** What the programs of the page import of their own. */
const OWN_FILES = {
  "database.ts": `export interface Database {
  accounts: { id: number; balance: number };
}
`,
  "schema.ts": `import { integer, pgTable } from "drizzle-orm/pg-core";

export const accounts = pgTable("accounts", { id: integer().primaryKey(), balance: integer().notNull() });
`,
  "schema.prisma": `generator client {
  provider            = "prisma-client"
  output              = "./generated"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}

datasource db {
  provider = "postgresql"
}

model Account {
  id      Int @id
  balance Int

  @@map("accounts")
}
`,
};

beforeAll(async () => {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  await mkdir(dist, { recursive: true });
  folder = await mkdtemp(`${dist}document-`);
  const programs = { kyselyBefore, kysely, drizzle: drizzleAfter, prismaBefore, prisma };
  for (const [name, code = ""] of Object.entries(programs)) await writeFile(`${folder}/${name}.ts`, code);
  for (const [name, text] of Object.entries(OWN_FILES)) await writeFile(`${folder}/${name}`, text);
  const generate = fileURLToPath(
    new URL("../../../packages/prisma-dsql/scripts/generate.js", import.meta.url),
  );
  await promisify(execFile)(process.execPath, [generate, `${folder}/schema.prisma`]);
});
beforeEach(async () => {
  const { host, hostaddr, port, ca } = cluster.local.connection as unknown as Record<
    "host" | "hostaddr" | "ca",
    string
  > & { port: number };
  await writeFile(`${folder}/ca.pem`, ca);
  vi.stubEnv("PGHOST", host);
  vi.stubEnv("PGHOSTADDR", hostaddr);
  vi.stubEnv("PGPORT", String(port));
  vi.stubEnv("PGSSLROOTCERT", `${folder}/ca.pem`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", cluster.local.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", cluster.local.credentials.secretAccessKey);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string): Promise<Record<string, unknown>> {
  return await import(pathToFileURL(`${folder}/${name}.ts`).href);
}

async function balance(): Promise<number> {
  return (await cluster.pool.query("SELECT balance FROM accounts")).rows[0].balance;
}

test("every program on an ORM compiles strictly, and the present one of Kysely and Prisma too", async () => {
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const include = ["*.ts"];
  await writeFile(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include }));
  const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
});

test("the program on Kysely runs, with its transactions as they were and with those that are retried", async () => {
  const db = (await load("kysely")).db as Kysely<{ accounts: { id: number; balance: number } }>;
  const set = (trx: Pick<typeof db, "updateTable">, balance: number) =>
    trx.updateTable("accounts").set({ balance }).where("id", "=", 1).execute();
  await db.transaction().execute((trx) => set(trx, 71));
  expect(await balance()).toBe(71);
  cluster.local.faults.conflictCommits(2);
  await db.transactionWithRetry((trx) => set(trx, 72));
  expect(await balance()).toBe(72);
  await db.destroy();
});

test("the program on Drizzle differs from the one on AWS's package in its import alone, and runs", async () => {
  expect(drizzleBefore?.replace("@aws/aurora-dsql-drizzle", "drizzle-dsql")).toBe(drizzleAfter);
  const { db, set } = (await load("drizzle")) as {
    db: ReturnType<typeof drizzle>;
    set: (balance: number) => Promise<void>;
  };
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  cluster.local.faults.conflictCommits(2);
  await set(73);
  expect(await balance()).toBe(73);
  expect(warned.mock.calls).toEqual([
    [expect.stringMatching(/^attempt 1 failed: .*OC000/)],
    [expect.stringMatching(/^attempt 2 failed: .*OC000/)],
  ]);
  await db.$client.end();
});

test("the program on Prisma runs, and retries a transaction", async () => {
  const client = (await load("prisma")).prisma as PrismaClient;
  cluster.local.faults.conflictCommits(2);
  await transactionWithRetry(client, (tx) => tx.account.update({ where: { id: 1 }, data: { balance: 74 } }));
  expect(await balance()).toBe(74);
  await client.$disconnect();
});
