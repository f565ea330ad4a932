// The packages of this repository, with their manifests.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** All packages, including private ones. */
export function packages() {
  return readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const folder = join(root, "packages", name);
      return { folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
    });
}

/** The packages that are published. */
export function publicPackages() {
  return packages().filter(({ manifest }) => manifest.private !== true);
}

/** The entries of a package that contain code: its `exports`, each with the name to import it by. */
export function entriesOf(manifest) {
  return Object.entries(manifest.exports)
    .filter(([, entry]) => typeof entry === "object")
    .map(([subpath, entry]) => ({ ...entry, name: `${manifest.name}${subpath.slice(1)}` }));
}

/** The source file of an entry, relative to its package: the one that its types are generated from. */
export function sourceOf(entry) {
  const types = entry.types ?? entry.import.types;
  return types.replace(/^\.\/dist\//, "./src/").replace(/\.d\.ts$/, ".ts");
}
