#!/usr/bin/env node
import { runCommand } from "../dist/check/command.js";

process.exitCode = runCommand(process.argv.slice(2), process);
