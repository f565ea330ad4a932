import { describe, expect, it } from "vitest";
import { parseArguments, UsageError } from "../../src/cli/arguments.ts";

describe("the command line", () => {
  it("has a default for everything", () => {
    expect(parseArguments([])).toEqual({
      output: "banner",
      port: undefined,
      regions: ["us-east-1"],
      dataDir: undefined,
    });
  });

  it("takes several Regions, a port and a folder", () => {
    const options = parseArguments([
      "--region",
      "us-east-1",
      "--region=us-east-2",
      "--port",
      "5433",
      "--data-dir",
      "x",
      "--json",
    ]);
    expect(options).toEqual({
      output: "json",
      port: 5433,
      regions: ["us-east-1", "us-east-2"],
      dataDir: "x",
    });
  });

  it("refuses what it does not know, and names what is nearest", () => {
    expect(() => parseArguments(["--prot", "1"])).toThrow("--prot is not an option; did you mean --port?");
    expect(() => parseArguments(["--datadir=x"])).toThrow("did you mean --data-dir?");
    expect(() => parseArguments(["--something-else"])).toThrow(
      "--something-else is not an option (--help lists them)",
    );
    expect(() => parseArguments(["start"])).toThrow('"start" is not expected');
  });

  it("refuses values that cannot be meant", () => {
    for (const argv of [
      ["--port", "99999"],
      ["--port", "x"],
      ["--port"],
      ["--port", "-1"],
      ["--port=-1"],
      ["--data-dir"],
      ["--region", "us east"],
      ["--json=1"],
      ["--json", "--quiet"],
    ]) {
      expect(() => parseArguments(argv), argv.join(" ")).toThrow(UsageError);
    }
  });
});
