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

/** Changes with how a template is made, apart from the SQL in it. */
const LAYOUT = "4";

const UNUSED_TEMPLATE_MS = 14 * 24 * 3_600_000;

/** A data directory, made once, that each run copies: initdb's, with our SQL run in it. */
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
  // Its modification time is that of its last use.
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
    // Another process may have assumed that this one is dead, and finished first.
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
      // Nothing is created from them, and without them a copy has a third of the files.
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

async function removeOldTemplates(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith("template-") && !name.startsWith("draft-")) continue;
    const { atimeMs, mtimeMs } = await stat(join(cache, name)).catch(() => ({
      atimeMs: Infinity,
      mtimeMs: 0,
    }));
    if (Date.now() - Math.max(atimeMs, mtimeMs) < UNUSED_TEMPLATE_MS) continue;
    await rm(join(cache, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
