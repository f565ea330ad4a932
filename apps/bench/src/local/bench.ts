import type { BenchContext } from "../benches.ts";
export async function local(_: BenchContext): Promise<void> {}
