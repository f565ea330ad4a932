import type { Cell, Context } from "../cell.ts";
import { demandOutput, type Part, programOf } from "../program.ts";
import { npmProject, runWithEndpoint, writeFiles } from "../project.ts";
import { runCommand } from "../run-command.ts";

type Resolution = "nodenext" | "node16" | "bundler";

const VERSIONS = ["5.4", "5.9", "7.0"] as const;
/** The declarations of @types/node and pg-protocol do not pass its check of the libraries. */
const OLDEST = "5.4";

/** Compiles strictly, with `exactOptionalPropertyTypes`, and runs what comes out; each in both module formats. */
export const typescript: Cell[] = VERSIONS.flatMap((version) => [
  ...(["nodenext", "node16"] as const).flatMap((resolution) => [
    cell(version, resolution, "module"),
    cell(version, resolution, "commonjs"),
  ]),
  cell(version, "bundler", "module"),
]);

function cell(version: string, resolution: Resolution, type: "module" | "commonjs"): Cell {
  return {
    name: `TypeScript ${version}: ${resolution}, ${type === "module" ? "ES modules" : "CommonJS"}`,
    short: version === "5.9" && resolution === "nodenext",
    run: async (context) => {
      const folder = await npmProject(context, "npm");
      await compileAndRun(context, folder, {
        version,
        resolution,
        type,
        parts: ["core", "kysely", "telemetry"],
        skipLibCheck: version === OLDEST,
      });
      // drizzle-orm's own types do not pass a check of the libraries.
      await compileAndRun(context, folder, {
        version,
        resolution,
        type,
        parts: ["drizzle"],
        skipLibCheck: true,
      });
      return undefined;
    },
  };
}

async function compileAndRun(
  context: Context,
  folder: string,
  {
    version,
    resolution,
    type,
    parts,
    skipLibCheck = false,
  }: {
    version: string;
    resolution: Resolution;
    type: string;
    parts: readonly Part[];
    skipLibCheck?: boolean;
  },
): Promise<void> {
  const name = `ts-${version}-${resolution}-${type}-${parts[0]}`;
  await writeFiles(folder, {
    [`${name}/package.json`]: JSON.stringify({ type }),
    [`${name}/program.ts`]: `${programOf(parts, "esm", true)}\nvoid main();\n`,
    [`${name}/tsconfig.json`]: JSON.stringify({
      compilerOptions: {
        target: "es2022",
        lib: ["es2023", "esnext.disposable"],
        module: resolution === "bundler" ? "esnext" : resolution,
        moduleResolution: resolution,
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck,
        outDir: "out",
        rootDir: ".",
      },
      files: ["program.ts"],
    }),
  });
  const tsc = await context.tools.path("typescript", version, "bin/tsc");
  await runCommand([process.execPath, tsc, "-p", name], { cwd: folder });
  const { output } = await runWithEndpoint(context, [process.execPath, `${name}/out/program.js`], folder);
  demandOutput(output, parts);
}
