import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const text = readFileSync(resolve(root, "docs/architecture.md"), "utf8");

/** The numbered files of each section that has some. */
const walks = text
  .split(/^## /m)
  .map((section) => ({
    title: section.split("\n", 1)[0] ?? "",
    files: [...section.matchAll(/^\d+\. `([^`]+\.ts)`/gm)].map(([, file]) => file as string),
  }))
  .filter(({ files }) => files.length > 0);

/** The files of this repository that a file imports, types included. */
function importsOf(file: string): string[] {
  const source = readFileSync(resolve(root, file), "utf8");
  return [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) =>
    resolve(root, dirname(file), path as string),
  );
}

test("docs/architecture.md has a walk for a query, a transaction, a token, a message and a migration", () => {
  expect(walks.map(({ title }) => title)).toEqual([
    "The path of a query",
    "The path of a transaction",
    "The path of a token",
    "The path of an SQL message through dsql-local",
    "The path of a migration",
  ]);
});

describe.each(walks)("$title", ({ files }) => {
  test.each(files.slice(1).map((file, index) => ({ file, earlier: files.slice(0, index + 1) })))(
    "reaches $file from a file before it",
    ({ file, earlier }) => {
      expect(earlier.some((before) => importsOf(before).includes(resolve(root, file)))).toBe(true);
    },
  );
});

test.each(["README.md", "CONTRIBUTING.md", "docs/architecture.md"])(
  "%s names files and folders that exist",
  (page) => {
    const content = readFileSync(resolve(root, page), "utf8");
    const links = [...content.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
      resolve(root, dirname(page), path as string),
    );
    const named = [...content.matchAll(/`((?:packages|apps|docs|scripts)\/[^`\s]+)`/g)].map(([, path]) =>
      resolve(root, path as string),
    );
    expect([...links, ...named].filter((path) => !existsSync(path))).toEqual([]);
  },
);
