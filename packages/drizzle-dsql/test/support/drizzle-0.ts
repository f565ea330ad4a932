import type { AdapterUnderTest } from "adapter-conformance";
import { openDrizzle, skips } from "./drizzle-adapter.ts";

export const drizzle0: AdapterUnderTest = {
  name: "drizzle-orm 0.45",
  ormPrefix: "drizzle",
  module: { url: import.meta.url, exportName: "drizzle0" },
  open: openDrizzle,
  skips,
};
