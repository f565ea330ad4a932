import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { BackendConnection } from "../wire/backend-connection.ts";
import { buildOnce } from "./build-lock.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { initialize, removeMaps, SUPERUSER } from "./data-directory.ts";
import { launch } from "./launch.ts";
import { POSTGRES_PACKAGE_VERSION } from "./platform-package.ts";
import type { ServerUser } from "./server-user.ts";

/** Part of a template's name: raise it when templates are made differently in any way but the SQL that runs in them. */
const LAYOUT = "4";

/** Templates that were not used for so long are removed. */
const UNUSED_TEMPLATE_MS = 14 * 24 * 3_600_000;

/**
 * The template that each run copies its data directory from: made by initdb, with the setup SQL run in it. It is made once
 * for each version of PostgreSQL, user and SQL, and kept in the cache.
 * @param binaries PostgreSQL's programs
 * @param user whom PostgreSQL runs as, if not as the user of this process
 */
export async function templateDirectory(
  binaries: string,
  user: ServerUser | undefined,
  setupSql: readonly string[],
): Promise<string> {
  const cache = await cacheDirectory();
  const key = createHash("sha256");
  for (const part of [POSTGRES_PACKAGE_VERSION, LAYOUT, user?.name ?? "", ...setupSql])
    key.update(part).update("\0");
  const template = join(cache, `template-${key.digest("hex").slice(0, 16)}`);
  const build = (): Promise<void> => buildTemplate({ binaries, user, setupSql, cache, template });
  await buildOnce(`${template}.lock`, () => existsSync(template), build);
  // The modification time stands for its last use: see removeOldTemplates.
  await utimes(template, new Date(), new Date()).catch(() => undefined);
  return join(template, "data");
}

async function buildTemplate(options: {
  binaries: string;
  user: ServerUser | undefined;
  setupSql: readonly string[];
  cache: string;
  template: string;
}): Promise<void> {
  const { binaries, user, setupSql, cache, template } = options;
  await removeOldTemplates(cache);
  const draft = await mkdtemp(join(cache, "draft-"));
  try {
    if (user) await chown(draft, user.uid, user.gid);
    await initialize(binaries, join(draft, "data"), user);
    await runSetup(binaries, join(draft, "data"), user, setupSql);
    await removeMaps(join(draft, "data"));
    await rename(draft, template);
  } catch (error) {
    // A process that takes this one for dead breaks its lock and may have finished first.
    if (!existsSync(template)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function runSetup(
  binaries: string,
  dataDirectory: string,
  user: ServerUser | undefined,
  setupSql: readonly string[],
): Promise<void> {
  const server = await launch({ binaries, dataDirectory, user, maxConnections: 10 });
  try {
    const connection = await BackendConnection.open(server.address, {
      user: SUPERUSER,
      database: "postgres",
    });
    try {
      for (const sql of setupSql) await connection.query(sql);
      // No database is created from the template databases, and without them a copy has a third of the files.
      await connection.query("UPDATE pg_database SET datistemplate = false");
      await connection.query("DROP DATABASE template0");
      await connection.query("DROP DATABASE template1");
    } finally {
      await connection.end();
    }
  } finally {
    await server.stop();
  }
}

/** Also removes drafts, which a process that was killed has left. */
async function removeOldTemplates(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith("template-") && !name.startsWith("draft-")) continue;
    // One that another process has removed counts as used just now.
    const { atimeMs, mtimeMs } = await stat(join(cache, name)).catch(() => ({
      atimeMs: Infinity,
      mtimeMs: 0,
    }));
    if (Date.now() - Math.max(atimeMs, mtimeMs) < UNUSED_TEMPLATE_MS) continue;
    await rm(join(cache, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
