#!/usr/bin/env node
import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("../package.json");
const [command, ...rest] = process.argv.slice(2);
if (command === "migrate") {
  const { runMigrateCommand } = await import("prisma-dsql/migrate");
  process.exitCode = await runMigrateCommand(rest, process, version);
} else {
  const { runCommand } = await import("prisma-dsql/check");
  process.exitCode = await runCommand(process.argv.slice(2), process, version);
}
