import { expect, test } from "vitest";
import { demandSupportedNode } from "../src/options/node-version.ts";

test.each(["18.20.8", "20.18.3", "20.0.0"])("says that Node.js %s is too old", (version) => {
  expect(() => demandSupportedNode(version)).toThrow(
    `dsql-core needs Node.js 20.19 or later, and this is ${version}.`,
  );
});

test.each(["20.19.0", "20.20.2", "22.1.0", "24.0.0-nightly"])("accepts Node.js %s", (version) => {
  expect(() => demandSupportedNode(version)).not.toThrow();
});
