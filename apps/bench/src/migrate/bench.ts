import type { BenchContext } from "../bench-context.ts";
import { planning } from "./planning.ts";

/** What planning a migration costs. */
export async function migrate(context: BenchContext): Promise<void> {
  await planning(context);
}
