import type { Cell } from "../cell.ts";
import { npmProject, runProgram } from "../project.ts";

/** npm, both module formats, every supported Node.js. */
export const nodeVersions: Cell[] = (["20", "22", "24"] as const).flatMap((major) =>
  (["esm", "cjs"] as const).map((format) => ({
    name: `npm: ${format === "esm" ? "ES modules" : "CommonJS"} on Node ${major}`,
    short: process.versions.node.startsWith(`${major}.`),
    run: async (context) => {
      const folder = await npmProject(context, "npm");
      await runProgram(context, folder, format, { node: await context.tools.node(major) });
      return undefined;
    },
  })),
);
