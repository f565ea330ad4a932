import type { StepFacts } from "../draft.ts";

/** What becomes of one action of ALTER TABLE: it stands as written (with edits), or other steps take its place, or none. */
export interface Action {
  asWritten?: StepFacts;
  emit?: () => void;
}
