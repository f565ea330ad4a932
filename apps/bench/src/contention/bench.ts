import type { BenchContext } from "../benches.ts";
export async function contention(_: BenchContext): Promise<void> {}
