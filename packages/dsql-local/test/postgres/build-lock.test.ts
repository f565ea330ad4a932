import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildOnce } from "../../src/postgres/build-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function build(lock: string, patienceMs = 200): Promise<number> {
  let builds = 0;
  const run = async (): Promise<void> => void builds++;
  await buildOnce(lock, () => builds > 0, run, patienceMs);
  return builds;
}

describe("a build that is done by one process at a time", () => {
  it("takes over the lock of a process whose id another one has by now", async () => {
    const lock = join(folder, "lock");
    await mkdir(lock);
    await writeFile(join(lock, "owner"), JSON.stringify([process.pid, "another start"]));
    expect(await build(lock)).toBe(1);
  });

  it("fails if the lock is not released", async () => {
    const lock = join(folder, "lock");
    await symlink(join(folder, "nothing"), lock);
    await expect(build(lock)).rejects.toThrow(`${lock} has been locked for 0.2 s; remove it`);
  });

  it("says which folder cannot be used, and what to do", async () => {
    await expect(build(join(folder, "missing", "lock"))).rejects.toThrow(
      new RegExp(`the cache directory ${join(folder, "missing")} cannot be used .* DSQL_LOCAL_CACHE`),
    );
  });
});
