import type { NodeBody } from "../sql/tree.ts";
import type { Work } from "../work.ts";

/** BEGIN and COMMIT are left out; what would be rolled back is refused. */
export function transaction(work: Work, statement: NodeBody<"TransactionStmt">): undefined {
  switch (statement.kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      work.script.transaction = { rowChanges: 0 };
      return work.leaveOut("transaction-block", "Each statement is its own transaction.");
    case "TRANS_STMT_COMMIT": {
      const { rowChanges = 0 } = work.script.transaction ?? {};
      work.script.transaction = statement.chain ? { rowChanges: 0 } : undefined;
      if (rowChanges > 1)
        work.warn(
          "transaction-rows",
          `The ${rowChanges} changes of rows before this COMMIT commit one by one.`,
        );
      return work.leaveOut("transaction-block", "Each statement is its own transaction.");
    }
    case "TRANS_STMT_ROLLBACK":
      return work.refuse(
        "transaction-refused",
        "A migration cannot be rolled back in part: each statement is its own transaction.",
      );
    case "TRANS_STMT_PREPARE":
    case "TRANS_STMT_COMMIT_PREPARED":
    case "TRANS_STMT_ROLLBACK_PREPARED":
      return work.refuse("transaction-refused", "DSQL does not have two-phase commit.", {
        advice: "Remove the statement.",
      });
    default:
      return work.refuse("transaction-refused", "DSQL does not have savepoints.", {
        advice: "Remove the savepoint: each statement is its own transaction.",
      });
  }
}
