#!/usr/bin/env node
import { runCommand } from "../dist/check/main.js";

process.exitCode = runCommand(process.argv.slice(2), process);
