import type { KyselyPlugin, Transaction } from "kysely";

/** What a read-only transaction cannot do. */
type Writing = "insertInto" | "replaceInto" | "updateTable" | "deleteFrom" | "mergeInto" | "schema";

type Rebuilding = "withSchema" | "withPlugin" | "withoutPlugins";

/**
 * A transaction that only reads: what writes is absent from the type, and refused by the server where plain SQL tries.
 * Functions that read can take it as their parameter; a `Transaction` fits too.
 */
export interface ReadOnlyTransaction<DB> extends Omit<Transaction<DB>, Writing | Rebuilding> {
  withSchema(schema: string): ReadOnlyTransaction<DB>;
  withPlugin(plugin: KyselyPlugin): ReadOnlyTransaction<DB>;
  withoutPlugins(): ReadOnlyTransaction<DB>;
}
