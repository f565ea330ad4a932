import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { useCluster } from "./cluster.ts";

const page = readFileSync(new URL("../../../docs/from-aws-connectors.md", import.meta.url), "utf8");
const programs = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code = ""]) => code);
const cluster = useCluster();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(fileURLToPath(new URL("../node_modules/.document-", import.meta.url)));
  await cluster.pool.query("CREATE SCHEMA app");
  await cluster.pool.query("CREATE TABLE app.accounts (id int PRIMARY KEY, balance int NOT NULL)");
  await cluster.pool.query("INSERT INTO app.accounts VALUES (1, 100)");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rm(folder, { recursive: true }));

test("the program on pg differs from the one on AWS's connector in its import and the names of it", () => {
  const [before = "", after = ""] = programs;
  expect(
    before
      .replace("@aws/aurora-dsql-node-postgres-connector", "dsql-core")
      .replaceAll("AuroraDSQLPool", "DsqlPool")
      .replaceAll("isOCCError", "isOccError"),
  ).toBe(after);
});

test("the program on pg runs, with the rest from PostgreSQL's environment variables", async () => {
  const { host, hostaddr, port, ca } = cluster.local.connection as unknown as Record<
    "host" | "hostaddr" | "ca",
    string
  > & { port: number };
  await writeFile(`${folder}/ca.pem`, ca);
  await writeFile(`${folder}/after.mjs`, programs[1] ?? "");
  const { accessKeyId, secretAccessKey } = cluster.local.credentials;
  const env = {
    PGHOST: host,
    PGHOSTADDR: hostaddr,
    PGPORT: String(port),
    PGSSLROOTCERT: `${folder}/ca.pem`,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  cluster.local.faults.conflictCommits(2);
  await import(pathToFileURL(`${folder}/after.mjs`).href);
  expect(printed.mock.calls).toEqual([["70 left"]]);
});

test("every library of the table has a test, and every test of a library is in the table", () => {
  const named = new Set([...page.matchAll(/`([\w-]+\.db\.test\.ts)`/g)].map(([, file = ""]) => file));
  const here = readdirSync(new URL(".", import.meta.url)).filter((file) => /\.db\.test\.ts$/.test(file));
  expect([...named].sort()).toEqual(here.filter((file) => !file.startsWith("document")).sort());
});

test("every link of the page leads to a file", () => {
  for (const [, target = ""] of page.matchAll(/\]\(([^)#]+)\)/g))
    expect(existsSync(new URL(target, new URL("../../../docs/", import.meta.url))), target).toBe(true);
});
