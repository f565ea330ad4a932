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
    expect(() => parseArguments(["start"])).toThrow('"start" is not a command (--help lists them)');
    expect(() => parseArguments(["takeaway", "us-east-1"])).toThrow("did you mean take-away?");
  });

  it("takes commands for one that runs, named by --pid or by what --env has exported", () => {
    expect(parseArguments(["take-away", "us-east-1"])).toEqual({ command: "take-away", region: "us-east-1" });
    expect(parseArguments(["bring-back", "us-east-1", "--pid", "7"], { DSQL_LOCAL_PID: "8" })).toEqual({
      command: "bring-back",
      region: "us-east-1",
      pid: 7,
    });
    expect(parseArguments(["take-away", "us-east-1"], { DSQL_LOCAL_PID: "8" })).toMatchObject({ pid: 8 });
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
      ["--pid", "7"],
      ["take-away"],
      ["take-away", "us-east-1", "us-east-2"],
      ["take-away", "us-east-1", "--json"],
      ["take-away", "us-east-1", "--pid", "x"],
    ]) {
      expect(() => parseArguments(argv), argv.join(" ")).toThrow(UsageError);
    }
  });
});
