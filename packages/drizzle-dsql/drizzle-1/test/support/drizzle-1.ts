import { fileURLToPath } from "node:url";
import type { AdapterUnderTest } from "adapter-conformance";
import { openDrizzle, skips } from "../../../test/support/drizzle-adapter.ts";

const installed = new URL("../../../../../node_modules/drizzle-orm-1/", import.meta.url);

function pathOf(module: string): string {
  return fileURLToPath(new URL(module, installed));
}

export const drizzle1: AdapterUnderTest = {
  name: "drizzle-orm 1.0",
  ormPrefix: "drizzle",
  module: {
    url: import.meta.url,
    exportName: "drizzle1",
    // What the alias of this test project is to its own process.
    alias: {
      "drizzle-orm": pathOf("index.js"),
      "drizzle-orm/cache/core": pathOf("cache/core/index.js"),
      "drizzle-orm/node-postgres": pathOf("node-postgres/index.js"),
      "drizzle-orm/pg-core": pathOf("pg-core/index.js"),
    },
  },
  open: openDrizzle,
  skips,
};
