import { project } from "../../vitest.project.ts";

export default project("prisma-dsql", { globalSetup: ["test/generate-clients.ts"] });
