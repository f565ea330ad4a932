import type { Node } from "libpg-query";
import { constantOf } from "../sql/tree.ts";
import { type Objection, type Rule, type RuleInfo, rule } from "./rule.ts";

const VERBS: Record<string, string> = {
  TRANS_STMT_SAVEPOINT: "SAVEPOINT",
  TRANS_STMT_ROLLBACK_TO: "ROLLBACK TO",
  TRANS_STMT_RELEASE: "RELEASE",
  TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
  TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
  TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
};

const isolation: RuleInfo = {
  rule: "isolation-level",
  advice: "Leave the level out, or write REPEATABLE READ: it is the only one.",
  page: "concurrency",
};

/** Rules on transaction control: one isolation level, no savepoints, no SET TRANSACTION. */
export const transactionRules: readonly Rule[] = [
  rule(
    "TransactionStmt",
    {
      rule: "savepoint",
      advice: "Retry the whole transaction when part of it fails.",
      page: "unsupportedSql",
    },
    (s) => {
      const verb = VERBS[s.kind ?? ""];
      return verb !== undefined && `unsupported transaction statement: ${verb}`;
    },
  ),
  rule("TransactionStmt", isolation, (s) => unsupportedLevel(s.options)),
  rule(
    "TransactionStmt",
    { rule: "deferrable-transaction", advice: "Leave DEFERRABLE out.", page: "supportedSql" },
    (s) =>
      option(s.options, "transaction_deferrable") === "1" && "unsupported transaction option: DEFERRABLE",
  ),
  rule(
    "TransactionStmt",
    { rule: "transaction-chain", advice: "Send COMMIT or ROLLBACK, then BEGIN.", page: "supportedSql" },
    (s) => s.chain && "AND CHAIN is not supported",
  ),
  rule("VariableSetStmt", isolation, (s) => s.kind === "VAR_SET_MULTI" && unsupportedLevel(s.args)),
  rule(
    "VariableSetStmt",
    { rule: "set-transaction", advice: "Write BEGIN READ ONLY.", page: "supportedSql" },
    (s) =>
      s.kind === "VAR_SET_MULTI" &&
      s.name !== "SESSION CHARACTERISTICS" &&
      `setting configuration parameter "${s.name}" not supported`,
  ),
];

function option(options: readonly Node[] | undefined, name: string): string | undefined {
  for (const item of options ?? []) {
    if ("DefElem" in item && item.DefElem.defname === name) return constantOf(item.DefElem.arg);
  }
  return undefined;
}

function unsupportedLevel(options: readonly Node[] | undefined): Objection {
  const level = option(options, "transaction_isolation");
  return (
    level !== undefined &&
    level !== "repeatable read" &&
    `Unsupported isolation level: ${level.toUpperCase()}`
  );
}
