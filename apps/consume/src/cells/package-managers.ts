import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cell, Context } from "../cell.ts";
import { environmentFor, ownPackages, projectFolder, runProgram, writeFiles } from "../project.ts";
import { runCommand } from "../run-command.ts";
import { REPOSITORY } from "../tarballs.ts";

/** pnpm, and yarn with its two ways to lay out packages. */
export const packageManagers: Cell[] = [
  ...(["9", "12"] as const).flatMap((version) =>
    bothFormats(`pnpm ${version}`, (context) => pnpm(context, version)),
  ),
  ...bothFormats("yarn node-modules", (context) => yarn(context, "node-modules")),
  ...bothFormats("yarn PnP", (context) => yarn(context, "pnp")),
];

/** Starts the installed endpoint, whose PostgreSQL package's build script has not run. */
const LOCAL = `import { DsqlPool } from "dsql-core";
import { startLocalDsql } from "dsql-local";
const local = await startLocalDsql();
const pool = new DsqlPool(local.connection);
await pool.query("SELECT 1");
await pool.end();
await local.stop();
`;

interface Installed {
  folder: string;
  /** Runs a file of the folder. */
  command: (file: string) => string[];
}

function bothFormats(name: string, install: (context: Context) => Promise<Installed>): Cell[] {
  return (["esm", "cjs"] as const).map((format) => ({
    name: `${name}: ${format === "esm" ? "ES modules" : "CommonJS"}`,
    run: async (context) => {
      const { folder, command } = await context.once(name, () => install(context));
      await runProgram(context, folder, format, { command });
      return undefined;
    },
  }));
}

/** The local endpoint is installed too: its PostgreSQL comes with a build script, which pnpm does not run. */
async function pnpm(context: Context, version: "9" | "12"): Promise<Installed> {
  const node = await context.tools.node(version === "9" ? "20" : "24");
  const own = ownPackages(context);
  const folder = await projectFolder(context, `pnpm-${version}`, {
    packages: { "dsql-local": own["dsql-local"] ?? "" },
    manifest: { pnpm: { overrides: own } },
  });
  const readme = await readFile(join(REPOSITORY, "packages/dsql-local/README.md"), "utf8");
  const settings = /```yaml\n(allowBuilds:.*?)```/s.exec(readme)?.[1];
  if (settings === undefined) throw new Error("dsql-local's README has no allowBuilds for pnpm.");
  await writeFiles(folder, {
    "pnpm-workspace.yaml": `packages: ["."]\noverrides: ${JSON.stringify(own)}\n${settings}`,
    "local.mjs": LOCAL,
  });
  const file = await context.tools.path("pnpm", version, version === "9" ? "bin/pnpm.cjs" : "bin/pnpm.mjs");
  await runCommand([node, file, "install", "--no-frozen-lockfile"], {
    cwd: folder,
    env: environmentFor(node),
  });
  await runCommand([process.execPath, "local.mjs"], { cwd: folder });
  return { folder, command: (program) => [process.execPath, program] };
}

async function yarn(context: Context, linker: "node-modules" | "pnp"): Promise<Installed> {
  const folder = await projectFolder(context, `yarn-${linker}`, {
    manifest: { resolutions: ownPackages(context) },
  });
  await writeFiles(folder, {
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`,
    "yarn.lock": "",
  });
  const file = await context.tools.path("@yarnpkg/cli-dist", "4", "bin/yarn.js");
  await runCommand([process.execPath, file, "install"], { cwd: folder });
  return { folder, command: (program) => [process.execPath, file, "node", program] };
}
