import { describeAdapter } from "adapter-conformance";
import { coreAdapter } from "./core-adapter.ts";

describeAdapter(coreAdapter);
