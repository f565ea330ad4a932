// Changes a package's code in small ways and runs tests against each change: node scripts/mutation.js <package> [part...]
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EQUIVALENT } from "./mutation/equivalent.js";
import { root } from "./workspaces.js";

/**
 * What is changed, and the tests that run for each change, by package and part; `timeoutMs` if the tests are fast, and how
 * many mutants run at once if CI waits for them. None needs a database: a scripted server takes its place.
 */
const PARTS = {
  "dsql-core": {
    lane: {
      files: ["src/retry/{retry-lane,contested-rows,on-abort}.ts"],
      tests: ["test/{retry-lane,retry-turns}.test.ts"],
      timeoutMs: 4_000,
    },
    retry: {
      files: ["src/retry/{retry-loop,retry-on-occ,retry-transaction,run-transaction,wait}.ts"],
      tests: ["test/{retry-loop,retry-on-occ,retry-transaction,run-transaction,wait}.test.ts"],
      timeoutMs: 4_000,
    },
    errors: {
      files: ["src/retry/{classify-error,sqlstate,unreachable}.ts"],
      tests: ["test/{classify-error,retry-transaction,run-transaction}.test.ts"],
    },
    guard: {
      files: ["src/client/{commit-guard,explain-failure,session-state}.ts"],
      tests: ["test/{commit-guard,explain-failure}.test.ts"],
      timeoutMs: 4_000,
      concurrency: 2,
    },
    statements: {
      files: ["src/client/{transaction-command,split-statements}.ts"],
      tests: ["test/transaction-command.test.ts"],
    },
    rows: {
      files: ["src/client/written-rows.ts"],
      tests: ["test/written-rows.test.ts"],
      timeoutMs: 4_000,
    },
    token: { files: ["src/auth/token-source.ts"], tests: ["test/token-source.test.ts"] },
    login: {
      files: ["src/client/{login,login-failure,transaction-writes}.ts"],
      tests: ["test/{login,transaction-writes}.test.ts"],
    },
    frames: { files: ["src/client/frames.ts"], tests: ["test/frames.test.ts"], timeoutMs: 3_000 },
    client: {
      files: [
        "src/client/{guarded-client,statement-object,statement-text,scoped-client,autocommit-retry}.ts",
      ],
      tests: ["test/{guarded-client,scoped-client,autocommit-retry}.test.ts"],
      timeoutMs: 3_000,
    },
    connection: {
      files: ["src/client/{authenticated-client,dsql-client,connection-source,hostaddr-socket}.ts"],
      tests: ["test/{authenticated-client,dsql-client}.test.ts"],
      timeoutMs: 3_000,
    },
    pool: {
      files: ["src/pool/*.ts"],
      tests: ["test/{pool,pool-parts}.test.ts"],
      timeoutMs: 3_000,
    },
  },
  "kysely-dsql": {
    retries: {
      files: ["src/{commit-failure,transaction-with-retry}.ts"],
      tests: ["test/{commit-failure,transaction-with-retry}.test.ts"],
      timeoutMs: 3_000,
    },
    streams: {
      files: ["src/stream-rows.ts"],
      tests: ["test/{driver,stream-rows}.test.ts"],
      timeoutMs: 3_000,
    },
    driver: { files: ["src/dsql-driver.ts"], tests: ["test/driver.test.ts"], timeoutMs: 3_000 },
    connection: { files: ["src/dsql-connection.ts"], tests: ["test/driver.test.ts"], timeoutMs: 3_000 },
  },
  "drizzle-dsql": {
    driver: {
      files: ["src/{transactions,transaction-cache,transaction-config,installed-session}.ts"],
      tests: [
        "test/{transaction-config,transaction-schema}.test.ts",
        "test/shared/scripted-transactions.test.ts",
      ],
      timeoutMs: 3_000,
    },
  },
  "prisma-dsql": {
    errors: {
      files: ["src/adapter/{dsql-error-of,request-errors}.ts"],
      tests: ["test/{dsql-error-of,request-errors}.test.ts"],
      timeoutMs: 3_000,
    },
    operations: {
      files: ["src/extension/{client-settings,dsql-extension,retry-operations}.ts"],
      tests: ["test/{client-settings,retry-operations}.test.ts"],
      timeoutMs: 3_000,
    },
    adapter: {
      files: ["src/adapter/{dsql-driver-adapter,dsql-transaction,prisma-dsql}.ts"],
      tests: ["test/adapter.test.ts"],
      timeoutMs: 3_000,
    },
    transactions: {
      files: ["src/adapter/read-only.ts", "src/extension/transaction-with-retry.ts"],
      tests: ["test/transaction-with-retry.test.ts"],
      timeoutMs: 3_000,
    },
  },
};

const [name, ...wanted] = process.argv.slice(2);
const parts = PARTS[name];
const unknown = wanted.filter((part) => parts?.[part] === undefined);
if (parts === undefined || unknown.length > 0) {
  process.stderr.write(`npm run mutation -- <package> [part...]\n\n`);
  for (const [each, known] of Object.entries(PARTS))
    process.stderr.write(`  ${each}: ${Object.keys(known).join(", ")}\n`);
  process.exit(2);
}

const cache = join(root, "node_modules/.cache/mutation");
mkdirSync(cache, { recursive: true });
let isWhole = true;
for (const part of wanted.length > 0 ? wanted : Object.keys(parts)) {
  const { files, tests, timeoutMs, concurrency = 1 } = parts[part];
  const report = join(cache, `${name} ${part}.json`);
  const config = join(cache, "stryker.json");
  writeFileSync(
    config,
    JSON.stringify({
      testRunner: "vitest",
      vitest: { configFile: "scripts/mutation/vitest.config.ts", related: false },
      mutate: files.map((file) => `packages/${name}/${file}`),
      // Changed messages and emptied objects are left to reviewers and to the type checker.
      mutator: { excludedMutations: ["StringLiteral", "ObjectLiteral"] },
      coverageAnalysis: "perTest",
      concurrency,
      // A test and its hook time out first, so that the process can continue.
      timeoutMS: 3 * (timeoutMs ?? 10_000),
      reporters: ["json", "progress-append-only"],
      jsonReporter: { fileName: report },
      tempDirName: "node_modules/.cache/mutation/sandbox",
      ignorePatterns: ["**/dist", "apps", "docs", "**/*.log"],
      // TypeScript 7 has no API with which Stryker could rewrite a configuration, and vitest reads none.
      tsconfigFile: "none.json",
    }),
  );
  const run = spawnSync(process.execPath, [join(root, "node_modules/.bin/stryker"), "run", config], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      MUTATION_PACKAGE: name,
      MUTATION_TESTS: JSON.stringify(tests),
      ...(timeoutMs !== undefined && { MUTATION_TIMEOUT_MS: String(timeoutMs) }),
    },
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
  isWhole = summarise(part, JSON.parse(readFileSync(report, "utf8"))) && isWhole;
}
process.exitCode = isWhole ? 0 : 1;

/** Prints the score and each mutant that no test detected; returns whether those are the equivalent ones. */
function summarise(part, { files }) {
  const mutants = Object.entries(files).flatMap(([file, { mutants: all, source }]) =>
    all.map((mutant) => ({
      ...mutant,
      file,
      line: source.split("\n")[mutant.location.start.line - 1]?.trim(),
      original: textAt(source, mutant.location),
    })),
  );
  const counted = mutants.filter(({ status }) => status !== "Ignored" && status !== "CompileError");
  const survivors = counted.filter(({ status }) => status === "Survived" || status === "NoCoverage");
  const listed = EQUIVALENT.filter(({ file }) => file in files);
  const isListed = (mutant) => listed.some((entry) => isMutant(entry, mutant));
  const missed = survivors.filter((mutant) => !isListed(mutant));
  // A mutant may also have timed out because the machine was slow.
  const outdated = listed.filter(
    (entry) => !counted.some((mutant) => mutant.status !== "Killed" && isMutant(entry, mutant)),
  );
  for (const { file, location, mutatorName, replacement, line, status } of missed) {
    const place = `${file}:${location.start.line}:${location.start.column}`;
    process.stdout.write(
      `${status} ${place} ${mutatorName}\n  ${line}\n  -> ${replacement?.split("\n").join(" ")}\n`,
    );
  }
  for (const { file, line, replacement } of outdated)
    process.stdout.write(
      `Listed as equivalent, but not a survivor: ${file}\n  ${line}\n  -> ${replacement}\n`,
    );
  const equivalent = survivors.length - missed.length;
  const detected = counted.length - survivors.length;
  const share = ((100 * detected) / (counted.length - equivalent)).toFixed(1);
  process.stdout.write(
    `${name} ${part}: ${detected} of ${counted.length} detected, ${equivalent} equivalent (${share} % of the others)\n`,
  );
  return missed.length === 0 && outdated.length === 0;
}

/** The text that a mutant replaces; its lines and columns count from 1. */
function textAt(source, { start, end }) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  lines.push(lines.pop().slice(0, end.column - 1));
  return lines.join("\n").slice(start.column - 1);
}

function isMutant(entry, mutant) {
  return ["file", "line", "original", "replacement"].every((name) => entry[name] === mutant[name]);
}
