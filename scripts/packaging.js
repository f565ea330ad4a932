// Checks each public package as its users will get it: publint and are-the-types-wrong on the packed files.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const packages = readdirSync(join(root, "packages"))
  .map((folder) => join("packages", folder))
  .filter((folder) => !JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).private);

let failures = 0;
for (const folder of packages) {
  await check(folder, "publint", ["publint", folder, "--strict"]);
  await check(folder, "attw", ["attw", "--pack", folder, "--profile", "esm-only"]);
}
process.exitCode = failures > 0 ? 1 : 0;

async function check(folder, name, command) {
  try {
    await run("npx", ["--no-install", ...command], { cwd: root });
    console.log(`${folder} ${name}: ok`);
  } catch (error) {
    failures += 1;
    console.log(`${folder} ${name}: FAILED\n${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}
