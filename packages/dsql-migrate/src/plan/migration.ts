import { createHash } from "node:crypto";
import type { MigrationPlan } from "./step.ts";

/** A migration that is ready to be applied: its checksum shows whether its source was edited. */
export interface PlannedMigration {
  /** Unique within its history; migrations run in the order in which they are given. */
  name: string;
  /** Lowercase hex SHA-256 of the source. */
  checksum: string;
  plan: MigrationPlan;
}

/** The lowercase hex SHA-256 of a migration's source, as Prisma and Drizzle compute it. */
export function checksumOf(source: string | Uint8Array): string {
  return createHash("sha256").update(source).digest("hex");
}
