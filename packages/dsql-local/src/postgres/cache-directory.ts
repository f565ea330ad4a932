import { chmod, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder that is kept between runs: the CA, the template of the data directory, copied binaries.
 * DSQL_LOCAL_CACHE names another one. As root it must be a folder that the server's user can enter, which /root is not.
 */
export async function cacheDirectory(): Promise<string> {
  const directory = process.env.DSQL_LOCAL_CACHE ?? defaultCacheDirectory();
  await mkdir(directory, { recursive: true, mode: 0o755 });
  if (process.getuid?.() === 0) await chmod(directory, 0o755);
  return directory;
}

function defaultCacheDirectory(): string {
  if (process.getuid?.() === 0) return "/var/cache/dsql-local";
  if (process.platform === "win32") {
    return join(process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "dsql-local", "cache");
  }
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "dsql-local");
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dsql-local");
}
