import { DsqlConfigError } from "dsql-core";

/** What a transaction on Aurora DSQL can be told; the second argument of `transaction` and `transactionWithRetry`. */
export interface DsqlTransactionConfig {
  /** DSQL has one isolation level, so there is no need to name it. @default "repeatable read" */
  isolationLevel?: "repeatable read";
  /** @default "read write" */
  accessMode?: "read only" | "read write";
  /** DSQL has no deferrable transactions. @default false */
  deferrable?: false;
}

/** {@link DsqlTransactionConfig} as it may come from JavaScript, or by the stock type of drizzle-orm. */
interface AnyTransactionConfig {
  isolationLevel?: string | undefined;
  accessMode?: string | undefined;
  deferrable?: boolean | undefined;
  snapshot?: string | undefined;
}

/**
 * Says whether a transaction is to be read only.
 * @throws DsqlConfigError for what DSQL's BEGIN cannot say (`BEGIN [ISOLATION LEVEL REPEATABLE READ] [READ WRITE | READ
 *   ONLY]`, Aurora DSQL user guide, "Supported SQL", read 2026-11)
 */
export function isReadOnly(config?: AnyTransactionConfig | null): boolean {
  const { isolationLevel, accessMode, deferrable, snapshot, ...others } = config ?? {};
  refuseOthers(others);
  if (isolationLevel !== undefined && isolationLevel !== "repeatable read") {
    throw refusal(`isolationLevel "${isolationLevel}"`, 'every transaction runs in "repeatable read"');
  }
  if (deferrable === true) throw refusal("deferrable", "there are no deferrable transactions");
  if (snapshot !== undefined) throw refusal("snapshot", "a transaction cannot import another's snapshot");
  if (accessMode !== undefined && accessMode !== "read only" && accessMode !== "read write") {
    throw refusal(`accessMode "${accessMode}"`, 'a transaction is "read only" or "read write"');
  }
  return accessMode === "read only";
}

/** Such as retry options, which belong in the third argument of transactionWithRetry, and would be lost here. */
function refuseOthers(others: object): void {
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    throw new DsqlConfigError(
      `${name} is no option of a transaction: it takes accessMode, isolationLevel and deferrable. Retry options are the third argument of transactionWithRetry.`,
    );
  }
}

function refusal(option: string, fact: string): DsqlConfigError {
  return new DsqlConfigError(`${option} cannot be used: on Aurora DSQL ${fact}. Leave the option out.`);
}
