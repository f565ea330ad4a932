import { describeAdapter } from "adapter-conformance";
import { prismaAdapter } from "./conformance/prisma-adapter.ts";

describeAdapter(prismaAdapter);
