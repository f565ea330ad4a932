import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { cacheDirectory } from "./cache-directory.ts";
import { POSTGRES_PACKAGE_VERSION, platformPackageDirectory } from "./platform-package.ts";
import { type ServerUser, userCanEnter } from "./server-user.ts";

/** The folder with `bin/postgres`, complete and usable by the server's user: the npm package, or a copy in the cache. */
export async function postgresBinaries(user: ServerUser | undefined): Promise<string> {
  const packaged = platformPackageDirectory();
  if ((await userCanEnter(packaged, user)) && (await linksComplete(packaged))) return packaged;
  return copiedBinaries(packaged);
}

async function copiedBinaries(packaged: string): Promise<string> {
  const cache = await cacheDirectory();
  const copy = join(cache, `postgres-${POSTGRES_PACKAGE_VERSION}-${process.arch}`);
  if (existsSync(join(copy, "bin"))) return copy;
  const draft = await mkdtemp(`${copy}-`);
  try {
    await cp(packaged, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    await makeWritable(join(draft, "native"));
    if (!(await linksComplete(join(draft, "native"))))
      throw new Error(`cannot create symbolic links in ${draft}`);
    await rename(join(draft, "native"), copy);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(join(copy, "bin"))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

/** Makes a copy writable: a copy of a read-only source could be neither completed nor removed. */
async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
  }
}

/**
 * Creates the symbolic links that the package lists and npm cannot pack; its install script creates them if scripts are
 * allowed to run. Returns false if the folder cannot be written to.
 */
async function linksComplete(native: string): Promise<boolean> {
  let listed: { source: string; target: string }[];
  try {
    listed = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
  for (const { source, target } of listed) {
    // The list is written from the folder above `native`.
    const [file, link] = [join(native, relative("native", source)), join(native, relative("native", target))];
    if (existsSync(link)) continue;
    try {
      await symlink(relative(dirname(link), file), link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "EEXIST") continue;
      if (["EACCES", "EROFS", "EPERM"].includes(code)) return false;
      throw error;
    }
  }
  return true;
}
