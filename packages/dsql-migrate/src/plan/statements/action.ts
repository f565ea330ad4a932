import type { StepFacts } from "../draft.ts";

/** The plan for one action of ALTER TABLE: it is kept (with edits), replaced by other steps, or dropped. */
export interface Action {
  asWritten?: StepFacts;
  emit?: () => void;
}
