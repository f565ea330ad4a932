// Runs every example program, each in a process of its own, against DATABASE_URL or a fresh local endpoint.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startLocalDsql } from "dsql-local";
import { commandLineOrExit } from "./command-line.ts";

const PROGRAMS = ["core-pool", "core-client", "kysely", "drizzle", "prisma", "invoke-lambda"];

const { names } = commandLineOrExit(
  `npm run examples -- [name...]\n\nRuns all of these, or those that are named: ${PROGRAMS.join(", ")}\n`,
  { names: PROGRAMS },
);
const local = process.env.DATABASE_URL ? undefined : await startLocalDsql();
const environment = local
  ? {
      ...process.env,
      DATABASE_URL: local.connectionString,
      AWS_ACCESS_KEY_ID: local.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: local.credentials.secretAccessKey,
    }
  : process.env;

try {
  for (const program of names.length > 0 ? names : PROGRAMS) {
    const code = await run(program);
    console.log(`${program}: ${code === 0 ? "ok" : `FAILED with exit code ${code}`}`);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await local?.stop();
}

function run(program: string): Promise<number | null> {
  const file = fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url));
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [file], { env: environment, stdio: "inherit" })
      .once("error", reject)
      .once("exit", (code) => resolve(code));
  });
}
