// Builds what has changed: types and the private packages with `tsc -b`, then the public packages' bundles.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bundle } from "./bundle.js";
import { root } from "./workspaces.js";

const tsc = join(root, "node_modules/typescript/bin/tsc");

/** Returns whether the types are correct; `tsc -b` writes the files either way. */
export async function build() {
  const { status } = spawnSync(process.execPath, [tsc, "-b"], { cwd: root, stdio: "inherit" });
  await bundle();
  return status === 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = (await build()) ? 0 : 1;
