import { access, chmod, constants, mkdir, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { serverUser, userCanEnter } from "./server-user.ts";

/**
 * The folder that is kept between runs: the CA, the template of the data directory, copied binaries.
 * DSQL_LOCAL_CACHE names another one. As root it must be a folder that the server's user can enter, which /root is not.
 * If it cannot be created, because there is no home directory or it is not writable, it is in the system's folder for
 * temporary files.
 */
export async function cacheDirectory(): Promise<string> {
  const named = process.env.DSQL_LOCAL_CACHE;
  if (named) {
    await makeReadable(named);
    await access(named, constants.W_OK).catch((error: Error) => {
      throw new Error(`DSQL_LOCAL_CACHE is set to ${named}, which is not writable`, { cause: error });
    });
    const user = serverUser();
    if (await userCanEnter(named, user)) return named;
    throw new Error(
      `DSQL_LOCAL_CACHE is set to ${named}, which the user "${user?.name}" cannot enter; PostgreSQL runs as that user when dsql-local runs as root`,
    );
  }
  const usual = usualDirectory();
  try {
    await makeReadable(usual);
    await access(usual, constants.W_OK);
    return usual;
  } catch {
    return temporaryDirectory();
  }
}

function usualDirectory(): string {
  if (process.getuid?.() === 0) return "/var/cache/dsql-local";
  if (process.platform === "win32") {
    return join(process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "dsql-local", "cache");
  }
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "dsql-local");
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dsql-local");
}

/** Refuses a folder that belongs to another user, since programs in it are run. */
async function temporaryDirectory(): Promise<string> {
  const uid = process.getuid?.();
  const directory = join(tmpdir(), `dsql-cache-${uid ?? "own"}`);
  await makeReadable(directory);
  const { uid: owner, mode } = await stat(directory);
  if (uid !== undefined && (owner !== uid || (mode & 0o022) !== 0)) {
    throw new Error(`${directory} belongs to another user; set DSQL_LOCAL_CACHE to a folder of your own`);
  }
  return directory;
}

async function makeReadable(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o755 });
  // Root's umask may be stricter, and PostgreSQL's user must be able to enter.
  if (made !== undefined && process.getuid?.() === 0) await chmod(directory, 0o755);
}
