import type { BenchContext } from "../bench-context.ts";
import { deploying } from "./deploying.ts";
import { planning } from "./planning.ts";

/** What planning and deploying migrations cost. */
export async function migrate(context: BenchContext): Promise<void> {
  await planning(context);
  await deploying(context);
}
