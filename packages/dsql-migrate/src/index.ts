export type { JobRow } from "./apply/async-job.ts";
export { type DeployOptions, type DeployResult, deploy } from "./apply/deploy.ts";
export type { EventStep, MigrateEvent, MigrateListener } from "./apply/events.ts";
export type { AppliedMigration, HistoryTable, RunQuery } from "./apply/history.ts";
export type { LeaseHolder, LeaseOptions } from "./apply/lease.ts";
export {
  acceptEdited,
  forget,
  type MigrationRepair,
  markApplied,
  type RepairOptions,
  releaseLock,
  repairMigration,
} from "./apply/repair.ts";
export { readSqlFolder, type SqlFile } from "./apply/sql-folder.ts";
export { type MigrationState, type MigrationStatus, type Status, status } from "./apply/status.ts";
export type { DeploymentOptions } from "./apply/under-lease.ts";
export { MigrateError, type MigrateErrorCode, type StepReference } from "./errors.ts";
export { checksumOf, type PlannedMigration } from "./plan/migration.ts";
export type { EnumHandling, PlanOptions } from "./plan/options.ts";
export { type MigrationFile, planMigration, planMigrations } from "./plan/planner.ts";
export { readKnownSchema } from "./plan/read-schema.ts";
export { KnownSchema } from "./plan/schema.ts";
export type {
  Backfill,
  Change,
  DoneCheck,
  MigrationPlan,
  PlanStep,
  Problem,
  Severity,
  SourceLocation,
  StepJob,
  StepKind,
} from "./plan/step.ts";
export { type DeployProgramsOptions, deployPrograms } from "./program/deploy-programs.ts";
export type {
  MigrationProgram,
  ProgramResult,
  ProgramSession,
  ProgramStatement,
  ProgramTransaction,
} from "./program/program.ts";
export {
  type ApplicationRole,
  createRole,
  planRole,
  type RoleAccess,
  type RoleStatement,
} from "./roles/application-role.ts";
