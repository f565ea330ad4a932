import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { packages } from "./workspaces.js";

const run = promisify(execFile);
const METADATA = ["description", "license", "repository", "homepage", "bugs", "keywords", "engines"];

/**
 * What is wrong with a packed package, one sentence each; `scratch` is a folder to unpack it in.
 * @param {string} tarball
 * @param {string} scratch
 * @returns {Promise<string[]>}
 */
export async function packedProblems(tarball, scratch) {
  const folder = await mkdtemp(join(scratch, "unpacked-"));
  await run("tar", ["-xzf", tarball, "-C", folder, "--strip-components", "1"]);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return [
    ...["LICENSE", "README.md"].filter((name) => !files.includes(name)).map((name) => `${name} is missing.`),
    ...METADATA.filter((name) => !manifest[name]?.length && typeof manifest[name] !== "object").map(
      (name) => `package.json has no ${name}.`,
    ),
    ...files.filter((name) => name.endsWith(".tsbuildinfo")).map((name) => `${name} is packed.`),
    ...pinned(manifest),
    ...brokenMaps(folder, files),
    ...(files.includes("README.md") ? relativeLinks(readFileSync(join(folder, "README.md"), "utf8")) : []),
  ];
}

/** An exact version of one of our own packages would install a second copy of it. */
function pinned({ dependencies = {}, peerDependencies = {} }) {
  const own = new Set(packages().map(({ manifest }) => manifest.name));
  return Object.entries({ ...dependencies, ...peerDependencies })
    .filter(([name, range]) => own.has(name) && !/^[\^>]/.test(range))
    .map(([name, range]) => `${name} is pinned to ${range}.`);
}

/** Source maps that refer to a file that is not packed. */
function brokenMaps(folder, files) {
  return files
    .filter((name) => name.endsWith(".map"))
    .flatMap((name) => {
      const { sources } = JSON.parse(readFileSync(join(folder, name), "utf8"));
      return sources
        .filter((source) => !source.startsWith("\0") && !existsSync(join(folder, dirname(name), source)))
        .map((source) => `${name} leads to ${source}, which is not packed.`);
    });
}

/** The registry's page shows the README outside the repository, where relative links are broken. */
function relativeLinks(readme) {
  return [...readme.matchAll(/\]\((?!https?:|#|mailto:)([^)]+)\)/g)].map(
    ([, target]) => `README.md links to ${target}; use an absolute address.`,
  );
}
