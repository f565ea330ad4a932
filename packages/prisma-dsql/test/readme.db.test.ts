import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DsqlPool } from "dsql-core";
import { startLocalDsql } from "dsql-local";
import { afterEach, expect, test, vi } from "vitest";
import { generateClients } from "../scripts/generate.js";
import { runMigrateCommand } from "../src/migrate/index.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const folder = fileURLToPath(new URL("generated/readme/", import.meta.url));

afterEach(() => vi.unstubAllEnvs());

function block(language: string, holds: string): string {
  const blocks = [...readme.matchAll(/```(\w+)\n(.*?)```/gs)];
  const found = blocks.find(([, kind, code]) => kind === language && code?.includes(holds));
  return found?.[2] ?? `throw new Error("no ${language} with ${holds}")`;
}

function program(holds: string): string {
  return block("ts", holds).replace('"prisma-dsql"', '"../../../src/index.ts"');
}

async function migrate(...args: string[]): Promise<number> {
  const location = [
    "--schema",
    `${folder}prisma/schema.prisma`,
    "--migrations",
    `${folder}prisma/migrations`,
  ];
  const quiet = { write: () => true };
  const terminal = Object.create(process, { stdout: { value: quiet }, stderr: { value: quiet } });
  return await runMigrateCommand([...args, ...location], terminal, "0.0.0");
}

test("the README's schema, tables and programs work together on an empty cluster", async () => {
  mkdirSync(`${folder}prisma`, { recursive: true });
  const schema = `${folder}prisma/schema.prisma`;
  writeFileSync(
    schema,
    block("prisma", "model Account").replace("../generated/prisma", `${folder}generated/prisma`),
  );
  generateClients([schema]);
  writeFileSync(
    `${folder}example.ts`,
    `${program("new PrismaDsql")}\nexport { prisma };\n`.replace("await prisma.$disconnect();", ""),
  );
  writeFileSync(`${folder}service.ts`, program("class Accounts"));

  rmSync(`${folder}prisma/migrations`, { recursive: true, force: true });
  expect(await migrate("new", "--name", "accounts")).toBe(0);

  await using cluster = await startLocalDsql();
  vi.stubEnv("DATABASE_URL", cluster.connectionString);
  vi.stubEnv("AWS_ACCESS_KEY_ID", cluster.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", cluster.credentials.secretAccessKey);
  const pool = new DsqlPool(cluster.connection);
  const written = readdirSync(`${folder}prisma/migrations`);
  const migration = readFileSync(`${folder}prisma/migrations/${written[0]}/migration.sql`, "utf8");
  expect(migration).toBe(block("sql", "CREATE TABLE"));
  expect(await migrate("deploy")).toBe(0);
  const { prisma } = await import(`${folder}example.ts`);
  const { Accounts } = await import(`${folder}service.ts`);
  await new Accounts(prisma).pay("Bob", 2);
  const { rows } = await pool.query('SELECT owner, balance FROM "Account" ORDER BY owner');
  expect(rows).toEqual([
    { owner: "Ada", balance: 60 },
    { owner: "Bob", balance: 42 },
  ]);
  await prisma.$disconnect();
  await pool.end();
});
