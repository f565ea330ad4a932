import type { Finding } from "./report/finding.ts";

/** What a bench is given. */
export interface BenchContext {
  /** Called with each finding as soon as it is known. */
  report: (finding: Finding) => void;
  /** Where to draw the plot, for the benches that have one. */
  plotPath?: string | undefined;
}
