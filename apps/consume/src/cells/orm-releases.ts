import { join } from "node:path";
import type { Cell, Context } from "../cell.ts";
import type { Format, Part } from "../program.ts";
import {
  environmentFor,
  npmProject,
  ownPackages,
  runProgram,
  runWithEndpoint,
  writeFiles,
} from "../project.ts";
import { runCommand } from "../run-command.ts";
import { REPOSITORY } from "../tarballs.ts";

/** The releases that the other lines do not have: Kysely 0.29, which needs Node 22, drizzle-orm 1.0, Prisma 7, and the oldest pg. */
export const ormReleases: Cell[] = [
  ...bothFormats("Kysely 0.29", (context, format) =>
    withPeer(context, format, { name: "kysely", version: "^0.29.0", parts: ["kysely"] }),
  ),
  ...bothFormats("drizzle-orm 1.0", (context, format) =>
    withPeer(context, format, { name: "drizzle-orm", version: "^1.0.0-rc.5", parts: ["drizzle"] }),
  ),
  ...bothFormats("pg 8.16", (context, format) =>
    withPeer(context, format, { name: "pg", version: "8.16.0", parts: ["kysely", "drizzle"] }),
  ),
  ...bothFormats("Prisma 7", prisma),
];

function bothFormats(name: string, run: (context: Context, format: Format) => Promise<void>): Cell[] {
  return (["esm", "cjs"] as const).map((format) => ({
    name: `${name}: ${format === "esm" ? "ES modules" : "CommonJS"}`,
    run: async (context) => {
      await run(context, format);
      return undefined;
    },
  }));
}

async function withPeer(
  context: Context,
  format: Format,
  { name, version, parts }: { name: string; version: string; parts: readonly Part[] },
): Promise<void> {
  const folder = await npmProject(context, name, { packages: { [name]: version } });
  await runProgram(context, folder, format, {
    node: await context.tools.node("22"),
    parts: ["core", ...parts],
  });
}

const PRISMA_PROGRAM = `import { transactionWithRetry, PrismaDsql } from "prisma-dsql";
import { PrismaClient } from "./generated/client.js";

async function main() {
  const prisma = new PrismaClient({ adapter: new PrismaDsql(process.env.DATABASE_URL) });
  const id = crypto.randomUUID();
  await prisma.consumed.create({ data: { id, n: 1 } });
  const add = { where: { id }, data: { n: { increment: 1 } } };
  let attempts = 0;
  await transactionWithRetry(prisma, async (tx) => {
    attempts++;
    await tx.consumed.findUniqueOrThrow({ where: { id } });
    if (attempts === 1) await prisma.consumed.update(add);
    await tx.consumed.update(add);
  });
  const { n } = await prisma.consumed.findUniqueOrThrow({ where: { id } });
  await prisma.$disconnect();
  console.log("prisma", n, attempts);
}

void main();
`;

/** A client that is generated for the format, compiled with `exactOptionalPropertyTypes`, and run. */
async function prisma(context: Context, format: Format): Promise<void> {
  const node = await context.tools.node("24");
  const folder = await npmProject(context, "prisma", {
    packages: {
      ...ownPackages(context, ["prisma-dsql"]),
      "@prisma/client": "^7.10.0",
      "@prisma/adapter-pg": "^7.10.0",
      prisma: "^7.10.0",
      "@types/node": "^24.0.0",
    },
  });
  await writeFiles(folder, {
    [`${format}/package.json`]: JSON.stringify({ type: format === "esm" ? "module" : "commonjs" }),
    [`${format}/schema.prisma`]: `generator client {
  provider     = "prisma-client"
  output       = "./generated"
  moduleFormat = "${format}"
}

datasource db {
  provider = "postgresql"
}

model Consumed {
  id String @id @db.Uuid
  n  Int

  @@map("consumed")
}
`,
    [`${format}/program.ts`]: PRISMA_PROGRAM,
    [`${format}/tsconfig.json`]: JSON.stringify({
      compilerOptions: {
        target: "es2023",
        lib: ["es2023", "esnext.disposable"],
        module: "nodenext",
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        outDir: "out",
        rootDir: ".",
      },
      files: ["program.ts"],
    }),
  });
  const own = join(folder, format);
  await runCommand([node, "../node_modules/prisma/build/index.js", "generate", "--schema", "schema.prisma"], {
    cwd: own,
    env: {
      ...environmentFor(node),
      // It would download one, and needs none.
      PRISMA_SCHEMA_ENGINE_BINARY: join(REPOSITORY, "packages/prisma-dsql/scripts/no-schema-engine.sh"),
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  });
  const tsc = await context.tools.path("typescript", "5.9", "bin/tsc");
  await runCommand([process.execPath, tsc, "-p", "."], { cwd: own });
  const { output } = await runWithEndpoint(context, [node, "out/program.js"], own);
  if (!output.includes("prisma 3 2")) throw new Error(`The transaction did not print "3 2":\n${output}`);
}
