import type { Node } from "libpg-query";
import { namesOf } from "../sql/tree.ts";
import { setRoleRefusal } from "./parameters.ts";
import type { Refusal } from "./refusal.ts";
import { makeRefusal } from "./rule.ts";

/** Refusals that depend on whether an explicit transaction is open. */
export interface TransactionRefusals {
  /** Refused only inside an explicit transaction, e.g. ANALYZE. */
  refusalInTransaction?: Refusal | undefined;
  /** Refused only outside an explicit transaction, e.g. SET LOCAL ROLE. */
  refusalOutsideTransaction?: Refusal | undefined;
}

/** The refusals of a statement inside and outside an explicit transaction. */
export function transactionRefusals(tree: Node): TransactionRefusals {
  // ANALYZE, which PostgreSQL parses into the same node as VACUUM.
  if ("VacuumStmt" in tree) {
    const info = {
      rule: "analyze-in-transaction",
      advice: "Send ANALYZE on its own.",
      page: "supportedSql",
      sqlstate: "25001",
    } as const;
    return { refusalInTransaction: makeRefusal(info, "ANALYZE cannot run inside a transaction block") };
  }
  if ("CallStmt" in tree && namesOf(tree.CallStmt.funccall?.funcname).join(".") === "sys.wait_for_job") {
    const info = {
      rule: "wait-in-transaction",
      advice: "COMMIT first, then wait.",
      page: "asyncIndexes",
      sqlstate: "25001",
    } as const;
    return {
      refusalInTransaction: makeRefusal(info, "sys.wait_for_job cannot run inside a transaction block"),
    };
  }
  if ("VariableSetStmt" in tree && tree.VariableSetStmt.name === "role" && tree.VariableSetStmt.is_local) {
    return { refusalOutsideTransaction: setRoleRefusal };
  }
  return {};
}
