#!/usr/bin/env node
import { createRequire } from "node:module";
import { runCommand } from "prisma-dsql/check";

const { version } = createRequire(import.meta.url)("../package.json");
process.exitCode = await runCommand(process.argv.slice(2), process, version);
