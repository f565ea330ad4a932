import type { Cell, Context } from "../cell.ts";
import { environmentFor, ownPackages, projectFolder, runProgram, writeFiles } from "../project.ts";
import { runCommand } from "../run-command.ts";

/** pnpm, and yarn with its two ways to lay out packages. */
export const packageManagers: Cell[] = [
  ...(["9", "12"] as const).flatMap((version) =>
    bothFormats(`pnpm ${version}`, (context) => pnpm(context, version)),
  ),
  ...bothFormats("yarn node-modules", (context) => yarn(context, "node-modules")),
  ...bothFormats("yarn PnP", (context) => yarn(context, "pnp")),
];

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
  const own = ownPackages(context, ["dsql-core", "dsql-local"]);
  const folder = await projectFolder(context, `pnpm-${version}`, {
    packages: { "dsql-local": own["dsql-local"] ?? "" },
    manifest: { pnpm: { overrides: { "dsql-core": own["dsql-core"] } } },
  });
  await writeFiles(folder, {
    "pnpm-workspace.yaml": `packages: ["."]\noverrides:\n  dsql-core: "${own["dsql-core"]}"\n`,
  });
  const file = await context.tools.path("pnpm", version, version === "9" ? "bin/pnpm.cjs" : "bin/pnpm.mjs");
  await runCommand([node, file, "install", "--no-frozen-lockfile"], {
    cwd: folder,
    env: environmentFor(node),
  });
  return { folder, command: (program) => [process.execPath, program] };
}

async function yarn(context: Context, linker: "node-modules" | "pnp"): Promise<Installed> {
  const own = ownPackages(context, ["dsql-core"]);
  const folder = await projectFolder(context, `yarn-${linker}`, { manifest: { resolutions: own } });
  await writeFiles(folder, {
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`,
    "yarn.lock": "",
  });
  const file = await context.tools.path("@yarnpkg/cli-dist", "4", "bin/yarn.js");
  await runCommand([process.execPath, file, "install"], { cwd: folder });
  return { folder, command: (program) => [process.execPath, file, "node", program] };
}
