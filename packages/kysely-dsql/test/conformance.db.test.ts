import { describeAdapter } from "adapter-conformance";
import { kyselyAdapter } from "./kysely-adapter.ts";

describeAdapter(kyselyAdapter);
