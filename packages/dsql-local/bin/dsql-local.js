#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { main } from "../dist/cli/main.js";

const exitCode = await main(process.argv.slice(2), fileURLToPath(import.meta.url));
if (exitCode !== undefined) process.exitCode = exitCode;
