import type { Logger } from "drizzle-orm";
import type { Cache, MutationOption } from "drizzle-orm/cache/core";
import { NodePgSession, NodePgTransaction } from "drizzle-orm/node-postgres";
import { DsqlConfigError, type DsqlPoolClient, NestedTransactionError } from "dsql-core";
import type { TransactionCache } from "./transaction-cache.ts";

/**
 * The members of drizzle-orm's `NodePgSession` that this package uses, most of which it declares private. The names are the same
 * in 0.45 and 1.0, except `schema`, which 1.0 calls `relations`.
 */
export interface InstalledSession {
  readonly dialect: object;
  readonly schema?: unknown;
  readonly relations?: unknown;
  readonly options: InstalledOptions;
  readonly logger: Logger;
  transaction(work: (tx: never) => Promise<unknown>, config?: object): Promise<unknown>;
}

/** Its options; 1.0 has more of them. */
interface InstalledOptions {
  readonly cache?: Cache | undefined;
}

type SessionClass = new (
  client: DsqlPoolClient,
  dialect: object,
  schemaOrRelations: unknown,
  options: InstalledOptions,
) => InstalledSession;

type TransactionClass = new (
  dialect: object,
  session: InstalledSession,
  schemaOrRelations: unknown,
) => InstalledTransaction;

interface InstalledTransaction {
  $cache: { invalidate(mutation: MutationOption): Promise<void> };
  transaction(): Promise<never>;
  setTransaction(): Promise<never>;
}

/** Creates the `tx` of a transaction that is open on `client`: it has the schema and the logger of `session`, and its own cache. */
export function transactionOn(
  client: DsqlPoolClient,
  session: InstalledSession,
  cache: TransactionCache | undefined,
): object {
  const { dialect } = session;
  const options = { ...session.options, cache };
  const schemaOrRelations = session.schema ?? session.relations;
  const Session = NodePgSession as unknown as SessionClass;
  const Transaction = NodePgTransaction as unknown as TransactionClass;
  const tx = new Transaction(
    dialect,
    new Session(client, dialect, schemaOrRelations, options),
    schemaOrRelations,
  );
  tx.transaction = refuseNesting;
  tx.setTransaction = refuseSetTransaction;
  if (cache !== undefined) tx.$cache = { invalidate: (mutation) => cache.onMutate(mutation) };
  return tx;
}

async function refuseNesting(): Promise<never> {
  throw new NestedTransactionError(
    "A transaction cannot begin inside another: Aurora DSQL has no savepoints. Call the inner work with the outer tx, or begin it on the database.",
  );
}

async function refuseSetTransaction(): Promise<never> {
  throw new DsqlConfigError(
    "setTransaction cannot be used: Aurora DSQL has no SET TRANSACTION. Pass accessMode in the second argument of transaction() instead.",
  );
}
