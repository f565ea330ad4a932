// The packages of this repository, with their manifests.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Every package, private ones too. */
export function packages() {
  return readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const folder = join(root, "packages", name);
      return { folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
    });
}

/** What is published. */
export function publicPackages() {
  return packages().filter(({ manifest }) => manifest.private !== true);
}

/** The entries of a package that hold code: its `exports` with the name that each is imported by. */
export function entriesOf(manifest) {
  return Object.entries(manifest.exports)
    .filter(([, entry]) => typeof entry === "object")
    .map(([subpath, entry]) => ({ ...entry, name: `${manifest.name}${subpath.slice(1)}` }));
}

/** The file that an entry is made from, relative to its package: the one that its types are made from. */
export function sourceOf(entry) {
  const types = entry.types ?? entry.import.types;
  return types.replace(/^\.\/dist\//, "./src/").replace(/\.d\.ts$/, ".ts");
}
