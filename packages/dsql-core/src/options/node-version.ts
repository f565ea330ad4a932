import { DsqlConfigError } from "../errors.ts";

/** npm only warns about a Node.js version that `engines` excludes. */
export function demandSupportedNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new DsqlConfigError(`dsql-core needs Node.js 20.19 or later, and this is ${version}.`);
}
