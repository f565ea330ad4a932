import { open } from "../sql/tree.ts";
import { KNOWN_STATEMENTS, unsupportedStatement } from "./known-statements.ts";
import { lateralRules } from "./lateral-joins.ts";
import { type Rule, rule } from "./rule.ts";

/** Rules on queries: locking clauses, TABLESAMPLE, SELECT INTO, lateral joins. */
export const queryRules: readonly Rule[] = [
  rule(
    "LockingClause",
    { rule: "locking-clause", advice: "Use FOR UPDATE or FOR KEY SHARE.", page: "concurrency" },
    (clause) =>
      clause.strength !== "LCS_FORUPDATE" &&
      clause.strength !== "LCS_FORKEYSHARE" &&
      "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
  ),
  rule(
    "RangeTableSample",
    {
      rule: "tablesample",
      advice: "Filter with WHERE random() < 0.01, or by key ranges.",
      page: "supportedSql",
    },
    () => "TABLESAMPLE clause not supported",
  ),
  rule(
    "IntoClause",
    { rule: "select-into", advice: "Create the table, then INSERT … SELECT.", page: "unsupportedSql" },
    (_clause, context) => context.parent === "SelectStmt" && "unsupported statement: CreateTableAs",
  ),
  rule(
    "ExplainStmt",
    { rule: "explain", advice: "EXPLAIN accepts queries, INSERT, UPDATE and DELETE.", page: "supportedSql" },
    (s) => {
      const explained = s.query && open(s.query).name;
      return explained && !KNOWN_STATEMENTS.has(explained) && unsupportedStatement(explained).message;
    },
  ),
  ...lateralRules,
];
