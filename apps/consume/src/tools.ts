import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { REPOSITORY } from "./tarballs.ts";

/** Programs that are installed once, and kept between runs: other releases of Node.js, and package managers. */
export interface Tools {
  /** The path of an installed package's file. */
  path(name: string, version: string, file: string): Promise<string>;
  /** The path of Node.js; `20` is the one that runs this program. */
  node(major: "18" | "20" | "22" | "24"): Promise<string>;
}

export function installedTools(): Tools {
  const folder = join(REPOSITORY, "node_modules/.cache/consume-tools");
  const installed = new Map<string, Promise<string>>();
  const install = async (name: string, version: string): Promise<string> => {
    const own = join(folder, `${name.replace("/", "-")}-${version}`);
    const target = join(own, "node_modules", name);
    if (existsSync(join(own, "complete"))) return target;
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "package.json"), '{ "private": true }');
    await runCommand(["npm", "install", "--no-save", `${name}@${version}`], { cwd: own });
    await writeFile(join(own, "complete"), "");
    return target;
  };
  const tools: Tools = {
    async path(name, version, file) {
      const key = `${name}@${version}`;
      const made = installed.get(key) ?? install(name, version);
      installed.set(key, made);
      return join(await made, file);
    },
    async node(major) {
      return process.versions.node.startsWith(`${major}.`)
        ? process.execPath
        : tools.path("node", major, "bin/node");
    },
  };
  return tools;
}
