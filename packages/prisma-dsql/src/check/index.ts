export { type CheckOptions, checkSchema, type SchemaSource } from "./check-schema.ts";
export { type CommandOutput, runCommand } from "./command.ts";
export type { Finding, Severity } from "./finding.ts";
export { type MigrationChanges, migrationChanges } from "./migration-changes.ts";
export { type FoundSchema, readSchema, type SchemaLocation } from "./schema-sources.ts";
export { type Position, SchemaSyntaxError } from "./schema-tree.ts";
