// Migrates with a folder of drizzle-kit; see adapter-conformance.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMigrationChild, shopMigrations } from "adapter-conformance/migration-child";
import { drizzle } from "drizzle-dsql";
import { migrate } from "drizzle-dsql/migrate";

await runMigrationChild(async ({ pool, ...given }) => {
  const migrationsFolder = await mkdtemp(join(tmpdir(), "drizzle-dsql-"));
  try {
    const entries = shopMigrations.map(({ name }, idx) => ({
      idx,
      when: 1_700_000_000_000 + idx,
      tag: name,
    }));
    await mkdir(join(migrationsFolder, "meta"));
    await writeFile(join(migrationsFolder, "meta", "_journal.json"), JSON.stringify({ entries }));
    for (const { name, sql } of shopMigrations) await writeFile(join(migrationsFolder, `${name}.sql`), sql);
    await migrate(drizzle(pool), { ...given, migrationsFolder });
  } finally {
    await rm(migrationsFolder, { recursive: true, force: true });
  }
});
