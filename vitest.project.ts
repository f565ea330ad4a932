import { join } from "node:path";
import type { ViteUserConfig } from "vitest/config";
import { entriesOf, packages, sourceOf } from "./scripts/workspaces.js";

/** Our own packages by their sources, so that no test runs against an old build. Child processes load the build. */
const ownSources = packages().flatMap(({ folder, manifest }) =>
  entriesOf(manifest).map((entry) => ({
    find: new RegExp(`^${entry.name}$`),
    replacement: join(folder, sourceOf(entry)),
  })),
);

/** The configuration of one test project, which may load other packages in place of some, and sets what it needs. */
export function project(
  name: string,
  test: NonNullable<ViteUserConfig["test"]> = {},
  otherPackages: { find: string | RegExp; replacement: string }[] = [],
): ViteUserConfig {
  return {
    resolve: { alias: [...ownSources, ...otherPackages] },
    test: { name, include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000, ...test },
  };
}
