import { describeAdapter } from "adapter-conformance";
import { drizzle1 } from "./support/drizzle-1.ts";

describeAdapter(drizzle1);
