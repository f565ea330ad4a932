// Checks each public package as its users will install it: publint and are-the-types-wrong on the packed files, and what the
// tarball and its manifest must contain.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "./build.js";
import { packedProblems } from "./packed-problems.js";
import { publicPackages, root } from "./workspaces.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "dsql-packaging-"));
let failures = (await build()) ? 0 : 1;
try {
  for (const { folder: source, manifest } of publicPackages()) {
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: source });
    const [{ filename }] = JSON.parse(stdout);
    const tarball = join(folder, filename);
    await check(manifest.name, "contents", async () => {
      const problems = await packedProblems(tarball, folder);
      if (problems.length > 0) throw { stdout: `${problems.join("\n")}\n` };
    });
    await check(manifest.name, "publint", () => npx("publint", tarball, "--strict"));
    await check(manifest.name, "attw", () => npx("attw", tarball));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;

function npx(...command) {
  return run("npx", ["--no-install", ...command], { cwd: root });
}

async function check(name, what, action) {
  try {
    await action();
    console.log(`${name} ${what}: ok`);
  } catch (error) {
    failures += 1;
    console.log(`${name} ${what}: FAILED\n${error.stdout ?? ""}${error.stderr ?? error.stack ?? ""}`);
  }
}
