// Fails on a cycle of files or folders, including type imports (which Biome ignores), and on an import between the folders
// of dsql-core against their order. `node scripts/check-imports.js [folder of a package ...]`
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./workspaces.js";

/** Each may import only those after it. */
const ORDER = {
  "packages/dsql-core/src": ["pool", "jobs", "client", "retry", "options", "auth", "telemetry", "errors.ts"],
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const given = process.argv.slice(2);
  const folders = given.length > 0 ? given.map((folder) => resolve(folder)) : sourceFolders();
  const problems = folders.flatMap(importProblems);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

/**
 * One line for each problem of a `src` folder.
 * @param {string} src
 * @returns {string[]}
 */
export function importProblems(src) {
  const name = relative(root, src).split(sep).join("/");
  const edges = importsOf(src);
  return [
    ...cyclesOf(edges).map((cycle) => `${name}: files import each other: ${cycle}`),
    ...folderCycles(edges).map((cycle) => `${name}: folders import each other: ${cycle}`),
    ...againstOrder(edges, ORDER[name] ?? []).map((line) => `${name}: ${line}`),
  ];
}

function sourceFolders() {
  return ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name, "src"))
      .filter(existsSync),
  );
}

/** Pairs of paths relative to `src`, with slashes: the importing file and the imported one. */
function importsOf(src) {
  const files = readdirSync(src, { recursive: true })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts") && !path.startsWith("generated/"));
  const known = new Set(files);
  return files.flatMap((file) => {
    const text = readFileSync(join(src, file), "utf8");
    const targets = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(([, target]) =>
      relative(src, resolve(src, dirname(file), target))
        .split(sep)
        .join("/"),
    );
    return targets.filter((target) => known.has(target)).map((target) => [file, target]);
  });
}

/** At each level of the tree, the neighbours (folders or files) that import each other, directly or indirectly. */
function folderCycles(edges) {
  const levels = new Map();
  for (const [from, to] of edges) {
    const [fromParts, toParts] = [from.split("/"), to.split("/")];
    let depth = 0;
    while (fromParts[depth] === toParts[depth]) depth++;
    const level = fromParts.slice(0, depth).join("/");
    const neighbours = levels.get(level) ?? [];
    neighbours.push([fromParts[depth], toParts[depth], `${from} → ${to}`]);
    levels.set(level, neighbours);
  }
  return [...levels].flatMap(([level, neighbours]) =>
    componentsOf(neighbours)
      .filter((component) => component.some((name) => !name.endsWith(".ts")))
      .map((component) => {
        const inside = neighbours.filter(([from, to]) => component.includes(from) && component.includes(to));
        const prefix = level === "" ? "" : `${level}/`;
        return `${component.map((name) => prefix + name).join(", ")}\n${inside.map(([, , why]) => `    ${why}`).join("\n")}`;
      }),
  );
}

function cyclesOf(edges) {
  return componentsOf(edges).map((component) => component.join(", "));
}

function againstOrder(edges, order) {
  const roomOf = (file) => order.indexOf(file.split("/")[0]);
  return edges
    .filter(([from, to]) => roomOf(from) > roomOf(to) && roomOf(to) >= 0)
    .map(([from, to]) => `${from} imports ${to}, against the order ${order.join(" → ")}`);
}

/** The strongly connected components of more than one node (Tarjan). */
function componentsOf(edges) {
  const next = new Map();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const index = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const target of next.get(node) ?? []) {
      if (!index.has(target)) {
        visit(target);
        low.set(node, Math.min(low.get(node), low.get(target)));
      } else if (stack.includes(target)) low.set(node, Math.min(low.get(node), index.get(target)));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of next.keys()) if (!index.has(node)) visit(node);
  return found;
}
