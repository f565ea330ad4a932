import { DsqlConfigError } from "dsql-core";

/** A package manager can be forced to install any version. */
export function olderPrisma(name: string): DsqlConfigError {
  return new DsqlConfigError(
    `prisma-dsql needs Prisma 7.10 or later, and an older ${name} is installed: npm install @prisma/client@7 @prisma/adapter-pg@7 prisma@7`,
  );
}
