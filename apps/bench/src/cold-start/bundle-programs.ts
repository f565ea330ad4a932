import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

export const PROGRAMS = ["dsql-core", "by-hand", "aws-connector"] as const;

export type Program = (typeof PROGRAMS)[number];

/** The file of a program without bundling: it imports its packages from node_modules. */
export function unbundled(program: Program): string {
  return fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url));
}

/** Puts a program and all that it imports into one file, minified, as for a function that is deployed. */
export async function bundled(program: Program, folder: string): Promise<string> {
  const build = await rolldown({
    input: unbundled(program),
    platform: "node",
    external: ["pg-native"],
    resolve: { mainFields: ["module", "main"] },
    logLevel: "silent",
  });
  try {
    const file = join(folder, `${program}.mjs`);
    await build.write({ file, format: "esm", minify: true, codeSplitting: false });
    return file;
  } finally {
    await build.close();
  }
}
