import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalDsql } from "dsql-local";

/** Milliseconds that dsql-local takes to start. */
export interface Starts {
  /** With nothing prepared: initdb, template, certificates. */
  coldMs: number;
  /** From the template that the first start left. */
  warmMs: number;
  /** One more beside a running one, as a test runner's next worker does. */
  workerMs: number;
}

/** Starts dsql-local with an empty cache, then again, then beside itself. */
export async function measureStarts(): Promise<Starts> {
  const cache = await mkdtemp(join(tmpdir(), "bench-dsql-local-"));
  // PostgreSQL may run as another user, who has to get in.
  await chmod(cache, 0o755);
  const before = process.env.DSQL_LOCAL_CACHE;
  process.env.DSQL_LOCAL_CACHE = cache;
  try {
    const coldMs = (await timedStart(async () => {})).ms;
    const warm = await timedStart(async () => (await timedStart(async () => {})).ms);
    return { coldMs, warmMs: warm.ms, workerMs: warm.result };
  } finally {
    if (before === undefined) delete process.env.DSQL_LOCAL_CACHE;
    else process.env.DSQL_LOCAL_CACHE = before;
    await rm(cache, { recursive: true, force: true });
  }
}

async function timedStart<T>(meanwhile: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  await using _endpoint = await startLocalDsql();
  const ms = performance.now() - startedAt;
  return { ms, result: await meanwhile() };
}
