import { PrismaPg } from "@prisma/adapter-pg";
import { DsqlConfigError } from "dsql-core";

/** A package manager can be forced to install any version. */
export function olderPrisma(name: string): DsqlConfigError {
  return new DsqlConfigError(
    `prisma-dsql needs Prisma 7.10 or later, and an older ${name} is installed: npm install @prisma/client@7 @prisma/adapter-pg@7 prisma@7`,
  );
}

/**
 * Refuses a PrismaPg that is older than Prisma 7, which it recognises by its behaviour: newer ones accept a connection string, older
 * ones store it as if it were options. Nothing connects.
 * @throws DsqlConfigError
 */
export function demandPrismaPg7(): void {
  if (takenFor("postgresql://") === "postgresql://") throw olderPrisma("@prisma/adapter-pg");
}

function takenFor(connectionString: string): unknown {
  try {
    return Reflect.get(new PrismaPg(connectionString), "config");
  } catch {
    // Before Prisma 6.6 it accepts only a pool.
    return connectionString;
  }
}
