import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./run-command.ts";

export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** The packed packages, by name. */
export type Tarballs = ReadonlyMap<string, string>;

/** Packs every public package into a folder. */
export async function packAll(folder: string): Promise<Tarballs> {
  const packed = new Map<string, string>();
  for (const entry of await readdir(join(REPOSITORY, "packages"))) {
    const source = join(REPOSITORY, "packages", entry);
    const manifest = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
    if (manifest.private === true) continue;
    await runCommand(["npm", "pack", "--pack-destination", folder], { cwd: source });
    packed.set(manifest.name, join(folder, `${manifest.name}-${manifest.version}.tgz`));
  }
  return packed;
}
