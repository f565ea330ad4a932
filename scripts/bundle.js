// Bundles each public package into one file for each entry, as an ES module and as CommonJS, and writes separate types for
// the CommonJS files. The entries are the `exports` of package.json, and every `src/**/main.ts`, a program that a file of
// `bin` loads. `tsc -b` must have written the types first.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { rolldown } from "rolldown";
import { entriesOf, publicPackages, sourceOf } from "./workspaces.js";

/** Builds the bundles that are older than their sources, or all. */
export async function bundle({ force = false } = {}) {
  for (const { folder, manifest } of publicPackages()) {
    if (force || isStale(folder)) await bundlePackage(folder, manifest);
  }
}

async function bundlePackage(folder, manifest) {
  const dist = join(folder, "dist");
  removeOldTypes(folder);
  const library = entriesOf(manifest);
  const src = join(folder, "src");
  const programs = filesOf(src, /(^|\/)main\.ts$/).map((file) => relative(src, file));
  const esm = {
    ...Object.fromEntries(library.map((entry) => [nameOf("./dist/", entry.import.default), sourceOf(entry)])),
    ...Object.fromEntries(programs.map((file) => [file.replace(/\.ts$/, ""), `./src/${file}`])),
  };
  const cjs = Object.fromEntries(
    library.map((entry) => [nameOf("./dist/cjs/", entry.require.default), sourceOf(entry)]),
  );
  const written = [
    ...(await write(folder, esm, "esm", dist)),
    ...(await write(folder, cjs, "cjs", join(dist, "cjs"))),
    ...(await writeTypes(dist)),
  ];
  const kept = new Set(written);
  for (const file of filesOf(dist, /\.js(\.map)?$|^cjs\/.*\.d\.ts(\.map)?$/)) {
    if (!kept.has(file)) rmSync(file);
  }
}

async function write(folder, input, format, dir) {
  const build = await rolldown({
    cwd: folder,
    input,
    platform: "node",
    external: /^[^./]/,
    tsconfig: false,
    transform: { target: "es2023" },
    onLog: (level, log) => {
      throw new Error(`${level} while bundling ${folder}: ${log.message}`);
    },
  });
  try {
    const { output } = await build.write({
      dir,
      format,
      exports: "named",
      sourcemap: true,
      entryFileNames: "[name].js",
      chunkFileNames: "[name].js",
      minify: false,
    });
    return output.map(({ fileName }) => join(dir, fileName));
  } finally {
    await build.close();
  }
}

/** Copies the types of `tsc` for the CommonJS files; the package.json beside them marks them as CommonJS. */
async function writeTypes(dist) {
  const cjs = join(dist, "cjs");
  const files = filesOf(dist, /^(?!cjs\/).*\.d\.ts(\.map)?$/);
  const written = [];
  for (const file of files) {
    const copy = join(cjs, relative(dist, file));
    await mkdir(dirname(copy), { recursive: true });
    const text = await readFile(file, "utf8");
    await writeFile(copy, file.endsWith(".map") ? oneFolderDeeper(text) : text);
    written.push(copy);
  }
  await writeFile(join(cjs, "package.json"), '{ "type": "commonjs" }\n');
  return written;
}

/** Removes the types of deleted sources, which `tsc -b` leaves behind. */
function removeOldTypes(folder) {
  const dist = join(folder, "dist");
  for (const file of filesOf(dist, /^(?!cjs\/).*\.d\.ts(\.map)?$/)) {
    const source = join(folder, "src", relative(dist, file).replace(/\.d\.ts(\.map)?$/, ".ts"));
    if (!existsSync(source)) rmSync(file);
  }
}

function oneFolderDeeper(map) {
  const { sources, ...rest } = JSON.parse(map);
  return JSON.stringify({ ...rest, sources: sources.map((source) => `../${source}`) });
}

function nameOf(prefix, path) {
  if (!path.startsWith(prefix) || !path.endsWith(".js"))
    throw new Error(`${path} must be a .js file in ${prefix}`);
  return path.slice(prefix.length, -".js".length);
}

/** Whether a source is newer than the oldest bundle. */
function isStale(folder) {
  if (!existsSync(join(folder, "dist/cjs/package.json"))) return true;
  const bundles = filesOf(join(folder, "dist"), /\.js$|^cjs\/package\.json$/);
  const sources = filesOf(join(folder, "src"), /\.ts$/);
  const settings = [join(folder, "package.json"), import.meta.filename];
  return Math.max(...[...sources, ...settings].map(modifiedMs)) > Math.min(...bundles.map(modifiedMs));
}

/** The files in a folder and below whose relative path, with slashes, matches. */
function filesOf(folder, pattern) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((path) => pattern.test(path.replaceAll(sep, "/")))
    .map((path) => join(folder, path));
}

function modifiedMs(file) {
  return statSync(file).mtimeMs;
}
