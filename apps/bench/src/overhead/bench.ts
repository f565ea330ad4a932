import type { BenchContext } from "../benches.ts";
export async function overhead(_: BenchContext): Promise<void> {}
