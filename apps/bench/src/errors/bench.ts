import type { BenchContext } from "../benches.ts";
export async function errors(_: BenchContext): Promise<void> {}
