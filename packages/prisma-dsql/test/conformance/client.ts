import { createRequire } from "node:module";

type Generated = typeof import("../generated/conformance/index.js");

// A client imports its query compiler when it connects. In a child process what loaded this file is gone by then, so
// that Node itself has to load the client.
const generated = createRequire(import.meta.url)("../generated/conformance") as Generated;

export const { Prisma, PrismaClient } = generated;
export type PrismaClient = InstanceType<Generated["PrismaClient"]>;
export type { Prisma as PrismaTypes } from "../generated/conformance/index.js";
