// Migrates with a folder of Prisma; see adapter-conformance.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMigrationChild, shopMigrations } from "adapter-conformance/migration-child";
import { migrate } from "prisma-dsql/migrate";

await runMigrationChild(async (given) => {
  const migrationsFolder = await mkdtemp(join(tmpdir(), "prisma-dsql-"));
  try {
    for (const { name, sql } of shopMigrations) {
      await mkdir(join(migrationsFolder, name));
      await writeFile(join(migrationsFolder, name, "migration.sql"), sql);
    }
    await migrate({ ...given, migrationsFolder });
  } finally {
    await rm(migrationsFolder, { recursive: true, force: true });
  }
});
