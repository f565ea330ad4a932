import type { Node } from "libpg-query";
import { constantOf, type NodeBody, open, walk } from "../sql/tree.ts";
import type { StatementKind } from "./statement.ts";

const OTHER = new Set([
  "VariableSetStmt",
  "VariableShowStmt",
  "ConstraintsSetStmt",
  "CallStmt",
  "DeallocateStmt",
  "DiscardStmt",
  "PrepareStmt",
  "ExecuteStmt",
  "ListenStmt",
  "UnlistenStmt",
  "NotifyStmt",
  "LockStmt",
  "LoadStmt",
  "CheckPointStmt",
  "DeclareCursorStmt",
  "FetchStmt",
  "ClosePortalStmt",
  "VacuumStmt",
]);

/** The kind of a statement, as the rules of transactions distinguish it. */
export function statementKind(tree: Node): StatementKind {
  const { name, body } = open(tree);
  switch (name) {
    case "TransactionStmt":
      return transactionKind((body as NodeBody<"TransactionStmt">).kind);
    case "SelectStmt":
      return queryKind(tree);
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
    case "TruncateStmt":
      return "write";
    case "CopyStmt": {
      const copy = body as NodeBody<"CopyStmt">;
      if (copy.is_from) return "write";
      return copy.query ? queryKind(copy.query) : "read";
    }
    case "ExplainStmt": {
      const explain = body as NodeBody<"ExplainStmt">;
      return isAnalyze(explain) && explain.query ? statementKind(explain.query) : "other";
    }
    default:
      return OTHER.has(name) ? "other" : "ddl";
  }
}

function transactionKind(kind: string | undefined): StatementKind {
  if (kind === "TRANS_STMT_BEGIN" || kind === "TRANS_STMT_START") return "begin";
  if (kind === "TRANS_STMT_COMMIT") return "commit";
  return kind === "TRANS_STMT_ROLLBACK" ? "rollback" : "other";
}

function queryKind(query: Node): StatementKind {
  let writes = false;
  let locks = false;
  walk(query, (name) => {
    writes ||= name === "InsertStmt" || name === "UpdateStmt" || name === "DeleteStmt";
    locks ||= name === "LockingClause";
  });
  if (writes) return "write";
  return locks ? "locking-read" : "read";
}

function isAnalyze(explain: NodeBody<"ExplainStmt">): boolean {
  return (explain.options ?? []).some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname !== "analyze") return false;
    return !/^(?:false|off|0)$/i.test(constantOf(option.DefElem.arg) ?? "true");
  });
}
