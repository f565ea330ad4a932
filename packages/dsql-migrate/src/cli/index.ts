export type { Command, Terminal } from "./command.ts";
export { EXIT, parseCommand, UsageError } from "./command.ts";
export { PLAN_OPTIONS, PLAN_USAGE, planOptions } from "./plan-options.ts";
export { planText } from "./plan-text.ts";
export { problemText } from "./problems.ts";
export { migrationCommands, type Program, runProgram } from "./program.ts";
export { styler } from "./progress.ts";
export { readMigrations } from "./read-migrations.ts";
export type { LoadedMigrations, MigrationSource } from "./source.ts";
