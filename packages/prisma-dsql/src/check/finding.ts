import type { Position } from "./schema-tree.ts";

/** `error`: DSQL refuses what Prisma would create. `warning`: DSQL accepts it, but something else is needed or lost. */
export type Severity = "error" | "warning";

/** One thing in a schema that Aurora DSQL does not support as written, and what to write instead. */
export interface Finding extends Position {
  rule: string;
  severity: Severity;
  path: string;
  message: string;
  advice: string;
}
