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
