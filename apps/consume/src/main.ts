import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Cell, Context } from "./cell.ts";
import { bundlers } from "./cells/bundlers.ts";
import { nodeVersions } from "./cells/node-versions.ts";
import { ormReleases } from "./cells/orm-releases.ts";
import { packageManagers } from "./cells/package-managers.ts";
import { readmes } from "./cells/readmes.ts";
import { testRunners } from "./cells/test-runners.ts";
import { twoCopies } from "./cells/two-copies.ts";
import { typescript } from "./cells/typescript.ts";
import { wrongPeers } from "./cells/wrong-peers.ts";
import { startEndpoint } from "./endpoint.ts";
import { packAll } from "./tarballs.ts";
import { installedTools } from "./tools.ts";

const HELP = `npm run consume -- [options]

Packs the packages, installs them in empty folders, and runs a real transaction on dsql-local in each.

  --short         only what .ci/run runs
  --only <text>   only the lines of the table whose name contains the text; may be repeated
  --list          print the names and run nothing
  --keep          leave the folders where they are
  --help          print this
`;

const AT_A_TIME = 2;

const CELLS: Cell[] = [
  ...nodeVersions,
  ...packageManagers,
  ...typescript,
  ...testRunners,
  ...bundlers,
  ...twoCopies,
  ...ormReleases,
  ...readmes,
  ...wrongPeers,
];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      short: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const chosen = CELLS.filter(
    ({ name, short }) =>
      (!values.short || short === true) &&
      (values.only.length === 0 || values.only.some((text) => name.includes(text))),
  );
  if (values.help || values.list) {
    process.stdout.write(values.help ? HELP : chosen.map(({ name }) => `${name}\n`).join(""));
    return 0;
  }
  if (chosen.length === 0) throw new Error(`Nothing is named like ${values.only.join(" or ")}; see --list.`);
  const base = await mkdtemp(join(tmpdir(), "dsql-consume-"));
  try {
    return await runAll(chosen, base);
  } finally {
    if (values.keep) process.stdout.write(`The folders are in ${base}.\n`);
    else await rm(base, { recursive: true, force: true });
  }
}

async function runAll(cells: readonly Cell[], base: string): Promise<number> {
  const packed = join(base, "packed");
  await mkdir(packed);
  const made = new Map<string, Promise<unknown>>();
  await using endpoint = await startEndpoint();
  const context: Context = {
    tarballs: await packAll(packed),
    endpoint,
    tools: installedTools(),
    async emptyFolder(name) {
      const folder = join(base, name.replaceAll(/[^a-z0-9.-]+/gi, "-"));
      await mkdir(folder);
      return folder;
    },
    once<T>(name: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(name) ?? make();
      made.set(name, known);
      return known as Promise<T>;
    },
  };
  let failed = 0;
  const width = Math.max(...cells.map(({ name }) => name.length));
  const runOne = async (cell: Cell) => {
    const startedMs = performance.now();
    let outcome: string;
    try {
      outcome = `ok      ${(await cell.run(context)) ?? ""}`;
    } catch (error) {
      failed++;
      outcome = `FAILED\n${indented((error as Error).message)}`;
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${cell.name.padEnd(width)} ${seconds} s  ${outcome}\n`);
  };
  const groups = groupsOf(cells);
  const runGroups = async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      for (const cell of group) await runOne(cell);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, runGroups));
  process.stdout.write(`${cells.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Cells of one group, such as `esbuild: minified` and `esbuild: splitting`, share a folder, so they run one after the other. */
function groupsOf(cells: readonly Cell[]): Cell[][] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = cell.name.split(":")[0] as string;
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  return [...groups.values()];
}

function indented(text: string): string {
  const lines = text.trim().split("\n");
  const shown = lines.length > 60 ? [...lines.slice(0, 30), "...", ...lines.slice(-30)] : lines;
  return shown.map((line) => `    ${line}`).join("\n");
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`consume: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
