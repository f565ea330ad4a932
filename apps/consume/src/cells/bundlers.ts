import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Cell } from "../cell.ts";
import { demandOutput, programOf } from "../program.ts";
import { ALL_PARTS, npmProject, runWithEndpoint, writeFiles } from "../project.ts";
import { runCommand } from "../run-command.ts";

const ENTRY = `${programOf(ALL_PARTS, "esm", false)}
main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
`;

/** For a bundle that is an ES module: of pg and the SDK some parts call \`require\`. */
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Each bundle contains pg and the AWS SDK too, and runs in a folder without node_modules. */
export const bundlers: Cell[] = [
  esbuild("ES module", "mjs", ["--format=esm", `--banner:js=${REQUIRE}`]),
  esbuild("minified", "mjs", ["--format=esm", "--minify", `--banner:js=${REQUIRE}`]),
  esbuild("splitting", "mjs", ["--format=esm", "--splitting", `--banner:js=${REQUIRE}`]),
  esbuild("splitting and minified", "mjs", [
    "--format=esm",
    "--splitting",
    "--minify",
    `--banner:js=${REQUIRE}`,
  ]),
  esbuild("CommonJS", "cjs", ["--format=cjs"]),
  esbuild("CommonJS, minified", "cjs", ["--format=cjs", "--minify"]),
  // Like CDK's NodejsFunction: the credentials are in the environment, so the SDK is not loaded.
  esbuild("CommonJS, without the AWS SDK", "cjs", ["--format=cjs", "--external:@aws-sdk/*"]),
  ...(["es", "cjs"] as const).map((format) =>
    bundler(`rollup: ${format === "es" ? "ES module" : "CommonJS"}`, {
      packages: {
        rollup: "^4.0.0",
        "@rollup/plugin-commonjs": "^29.0.0",
        "@rollup/plugin-json": "^6.0.0",
        "@rollup/plugin-node-resolve": "^16.0.0",
      },
      files: {
        "rollup.config.mjs": `import commonjs from "@rollup/plugin-commonjs";
import json from "@rollup/plugin-json";
import resolve from "@rollup/plugin-node-resolve";
export default (options) => ({
  input: "entry.mjs",
  external: ["pg-native"],
  plugins: [resolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs({ ignore: ["pg-native", "pg-cloudflare"] }), json()],
  output: { dir: \`out-\${options.format}\`, format: options.format, entryFileNames: \`entry.\${options.format === "es" ? "mjs" : "cjs"}\`, chunkFileNames: \`[name].\${options.format === "es" ? "mjs" : "cjs"}\` },
});
`,
      },
      command: ["node_modules/rollup/dist/bin/rollup", "-c", "--format", format],
      output: `out-${format}`,
      entry: `entry.${format === "es" ? "mjs" : "cjs"}`,
    }),
  ),
  bundler("webpack", {
    packages: { webpack: "^5.0.0", "webpack-cli": "^6.0.0" },
    files: {
      "webpack.config.cjs": `module.exports = {
  mode: "production",
  target: "node20",
  entry: "./entry.mjs",
  externals: { "pg-native": "commonjs pg-native" },
  output: { path: __dirname + "/out-webpack", filename: "entry.cjs", chunkFilename: "[name].cjs" },
};
`,
    },
    command: ["node_modules/webpack-cli/bin/cli.js", "--config", "webpack.config.cjs"],
    output: "out-webpack",
    entry: "entry.cjs",
  }),
  bundler("Vite SSR", {
    packages: { vite: "^8.0.0" },
    files: {
      "vite.config.mjs": `export default {
  build: { ssr: "entry.mjs", outDir: "out-vite", rollupOptions: { external: ["pg-native"] } },
  ssr: { noExternal: true, external: ["pg-native"] },
};
`,
    },
    command: ["node_modules/vite/bin/vite.js", "build"],
    output: "out-vite",
    entry: "entry.mjs",
  }),
  next(),
];

interface Bundling {
  packages: Record<string, string>;
  files: Record<string, string>;
  command: readonly string[];
  /** The folder of the bundle, and the file in it that runs. */
  output: string;
  entry: string;
}

function esbuild(name: string, extension: "mjs" | "cjs", options: readonly string[]): Cell {
  const output = `out-${name.replaceAll(/\W+/g, "-")}`;
  const cell = bundler(`esbuild: ${name}`, {
    packages: { esbuild: "^0.28.0" },
    files: {},
    command: [
      "node_modules/esbuild/bin/esbuild",
      "entry.mjs",
      "--bundle",
      "--platform=node",
      "--target=node20",
      "--external:pg-native",
      `--outdir=${output}`,
      `--out-extension:.js=.${extension}`,
      ...options,
    ],
    output,
    entry: `entry.${extension}`,
  });
  return { ...cell, short: name === "splitting" || name === "CommonJS, minified" };
}

function bundler(name: string, { packages, files, command, output, entry }: Bundling): Cell {
  return {
    name,
    run: async (context) => {
      const folder = await npmProject(context, name.replace(/:.*/, ""), { packages });
      await writeFiles(folder, { "entry.mjs": ENTRY, ...files });
      await runCommand(programWith(command), { cwd: folder });
      const alone = await context.emptyFolder(`${name} alone`);
      await cp(join(folder, output), alone, { recursive: true });
      const run = await runWithEndpoint(context, [process.execPath, entry], alone);
      demandOutput(run.output, ALL_PARTS);
      return undefined;
    },
  };
}

/** esbuild's file is the program itself; the others are scripts. */
function programWith(command: readonly string[]): string[] {
  const [file = "", ...args] = command;
  return file.includes("esbuild") ? [`./${file}`, ...args] : [process.execPath, file, ...args];
}

/** A page that is rendered while it is built, so that the build itself runs the transactions. */
function next(): Cell {
  return {
    name: "Next.js build",
    run: async (context) => {
      const folder = await npmProject(context, "Next.js", {
        packages: { next: "^16.0.0", react: "^19.0.0", "react-dom": "^19.0.0" },
        files: {
          "app/layout.jsx":
            'export default function Layout({ children }) {\n  return <html lang="en"><body>{children}</body></html>;\n}\n',
          "app/page.jsx": `${programOf(ALL_PARTS, "esm", false)}
export default async function Page() {
  await main();
  return <p>ready</p>;
}
`,
        },
      });
      const { output } = await runWithEndpoint(
        context,
        [process.execPath, "node_modules/next/dist/bin/next", "build"],
        folder,
      );
      demandOutput(output, ALL_PARTS);
      return undefined;
    },
  };
}
