import type { Node } from "libpg-query";
import { type NodeBody, walk } from "../sql/tree.ts";
import { type Rule, rule } from "./rule.ts";

/**
 * LEFT JOIN LATERAL whose subquery selects an outer column by its qualified name, and has a plain table in FROM: DSQL
 * mistakes the outer column for one of that table. CROSS and INNER JOIN LATERAL work, and so do references in WHERE.
 *
 * Only one form was recorded from a cluster, with an outer column in the first position and one plain table: "attribute 1"
 * for other positions is a guess, and so is the choice of the first of several tables.
 */
export const lateralRules: readonly Rule[] = [
  rule(
    "JoinExpr",
    {
      rule: "left-lateral-outer-column",
      sqlstate: "42804",
      advice: "Select the outer column outside the lateral subquery, or use CROSS JOIN LATERAL.",
      page: "supportedSql",
    },
    (join) => {
      if (join.jointype !== "JOIN_LEFT" || !join.rarg || !("RangeSubselect" in join.rarg)) return undefined;
      const { lateral, subquery } = join.rarg.RangeSubselect;
      if (!lateral || !subquery || !("SelectStmt" in subquery) || !join.larg) return undefined;
      const outer = namesIn(join.larg);
      const inner = new Set((subquery.SelectStmt.fromClause ?? []).flatMap((item) => [...namesIn(item)]));
      const table = firstTable(subquery.SelectStmt.fromClause);
      const namesOuter = (subquery.SelectStmt.targetList ?? []).some((target) => names(target, outer, inner));
      return namesOuter && table && `attribute 1 of type ${table} has wrong type`;
    },
  ),
];

/** The names by which a FROM item's tables and subqueries can be referred to. */
function namesIn(item: Node): Set<string> {
  if ("RangeVar" in item) return new Set([item.RangeVar.alias?.aliasname ?? item.RangeVar.relname ?? ""]);
  if ("RangeSubselect" in item) return new Set([item.RangeSubselect.alias?.aliasname ?? ""]);
  if ("RangeFunction" in item) return new Set([item.RangeFunction.alias?.aliasname ?? ""]);
  if (!("JoinExpr" in item)) return new Set();
  const { larg, rarg } = item.JoinExpr;
  return new Set([...(larg ? namesIn(larg) : []), ...(rarg ? namesIn(rarg) : [])]);
}

function firstTable(items: readonly Node[] | undefined): string | undefined {
  for (const item of items ?? []) {
    if ("RangeVar" in item) return item.RangeVar.relname;
    if ("JoinExpr" in item) {
      const { larg, rarg } = item.JoinExpr;
      return firstTable([larg, rarg].filter((side) => side !== undefined));
    }
  }
  return undefined;
}

function names(target: Node, outer: ReadonlySet<string>, inner: ReadonlySet<string>): boolean {
  let found = false;
  walk(target, (name, body) => {
    if (name !== "ColumnRef") return;
    const fields = (body as NodeBody<"ColumnRef">).fields ?? [];
    const qualifier = fields.at(-2);
    const table = qualifier && "String" in qualifier ? qualifier.String.sval : undefined;
    if (table !== undefined && outer.has(table) && !inner.has(table)) found = true;
  });
  return found;
}
