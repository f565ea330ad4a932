import type { Cell } from "../cell.ts";
import { npmInstall, ownPackages, projectFolder, runWithEndpoint, writeFiles } from "../project.ts";

interface Wrong {
  name: string;
  /** Names to versions; ours have none. */
  packages: Record<string, string>;
  program: string;
  /** What the error must say. */
  says: string;
}

const WRONG: Wrong[] = [
  {
    name: "pg 8.11",
    packages: { pg: "8.11.6" },
    program: `import { DsqlPool } from "dsql-core"; new DsqlPool(process.env.DATABASE_URL);`,
    says: "dsql-core needs pg 8.16 or later",
  },
  {
    name: "Kysely 0.27",
    packages: { kysely: "0.27.6" },
    program: `import { DsqlDialect } from "kysely-dsql"; new DsqlDialect(process.env.DATABASE_URL);`,
    says: "kysely-dsql needs Kysely 0.28 or 0.29",
  },
  {
    name: "drizzle-orm 0.44",
    packages: { "drizzle-orm": "0.44.7" },
    program: `import { drizzle } from "drizzle-dsql"; drizzle(process.env.DATABASE_URL);`,
    says: "drizzle-dsql needs drizzle-orm 0.45 or 1.0",
  },
  {
    name: "Prisma 6",
    packages: { "prisma-dsql": "", "@prisma/client": "6.19.3", "@prisma/adapter-pg": "6.19.3" },
    program: `import { PrismaDsql } from "prisma-dsql"; new PrismaDsql(process.env.DATABASE_URL);`,
    says: "prisma-dsql needs Prisma 7.10 or later",
  },
];

/** Releases that `npm install --force` accepts and our packages do not. */
export const wrongPeers: Cell[] = [
  ...WRONG.map(
    ({ name, packages, program, says }): Cell => ({
      name: `wrong peer: ${name}`,
      run: async (context) => {
        const own = ownPackages(context);
        const folder = await projectFolder(context, `wrong-${name}`, {
          packages: Object.fromEntries(
            Object.entries(packages).map(([key, version]) => [key, version || (own[key] ?? "")]),
          ),
          files: { "program.mjs": program },
        });
        await npmInstall(folder, "--force");
        const { output } = await runWithEndpoint(context, [process.execPath, "program.mjs"], folder, true);
        const messages = output.split("\n").filter((line) => /^\w*Error\b.*: /.test(line));
        if (messages.length !== 1 || !messages[0]?.includes(says)) throw new Error(output);
        return undefined;
      },
    }),
  ),
  {
    name: "wrong peer: Node 18",
    run: async (context) => {
      const node = await context.tools.node("18");
      const own = ownPackages(context);
      const folder = await projectFolder(context, "wrong-node", {
        packages: { "dsql-local": own["dsql-local"] ?? "" },
      });
      await npmInstall(folder);
      const programs = {
        "core.mjs": `import { DsqlPool } from "dsql-core"; new DsqlPool(process.env.DATABASE_URL);`,
        "local.mjs": `import { startLocalDsql } from "dsql-local"; await startLocalDsql();`,
      };
      await writeFiles(folder, programs);
      for (const file of Object.keys(programs)) {
        const { output } = await runWithEndpoint(context, [node, file], folder, true);
        if (!/needs Node\.js 20\.19 or later/.test(output)) throw new Error(`${file}:\n${output}`);
      }
      return undefined;
    },
  },
];
