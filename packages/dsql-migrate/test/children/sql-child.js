// Deploys plain SQL; see adapter-conformance.
import { runMigrationChild, shopMigrations } from "adapter-conformance/migration-child";
import { deploy, planMigrations } from "dsql-migrate";

await runMigrationChild(async (given) =>
  deploy({ ...given, migrations: await planMigrations(shopMigrations) }),
);
