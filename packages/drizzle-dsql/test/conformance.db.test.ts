import { describeAdapter } from "adapter-conformance";
import { drizzle0 } from "./support/drizzle-0.ts";

describeAdapter(drizzle0);
