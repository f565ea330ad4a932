import type { Node } from "libpg-query";
import { type NodeName, open, type StatementContext, walk } from "../sql/tree.ts";
import { alterTableRules } from "./alter-table.ts";
import { alterTableCatalogRules } from "./alter-table-catalog.ts";
import { functionRules } from "./functions.ts";
import { indexCatalogRules, indexRules } from "./indexes.ts";
import { KNOWN_STATEMENTS, unsupportedStatement } from "./known-statements.ts";
import { namedTypeRules } from "./named-types.ts";
import { ownObjectRules } from "./own-objects.ts";
import { parameterRules } from "./parameters.ts";
import { queryRules } from "./queries.ts";
import { quotaCatalogRules, quotaRules } from "./quotas.ts";
import type { CatalogCheck, Refusal } from "./refusal.ts";
import { type CatalogRule, makeRefusal, type Rule } from "./rule.ts";
import { sequenceRules } from "./sequences.ts";
import { statementRules } from "./statements.ts";
import { tableRules } from "./tables.ts";
import { transactionRules } from "./transactions.ts";
import { valueTypeRules } from "./value-types.ts";

const rules = byNode<Rule>([
  ...ownObjectRules,
  ...statementRules,
  ...transactionRules,
  ...parameterRules,
  ...tableRules,
  ...alterTableRules,
  ...sequenceRules,
  ...indexRules,
  ...queryRules,
  ...functionRules,
  ...quotaRules,
  ...valueTypeRules,
]);

const catalogRules = byNode<CatalogRule>([
  ...indexCatalogRules,
  ...alterTableCatalogRules,
  ...namedTypeRules,
  ...quotaCatalogRules,
]);

/** What the rules say about a statement: its refusal, or the catalog checks that are still to be made. */
export interface Judgement {
  refusal?: Refusal | undefined;
  catalogChecks: CatalogCheck[];
}

/** Applies every rule to every node of a statement; the first refusal in the order of the tree counts. */
export function judge(tree: Node, statement: StatementContext): Judgement {
  const judgement: Judgement = { catalogChecks: [] };
  const isKnown = KNOWN_STATEMENTS.has(open(tree).name);
  walk(
    tree,
    (name, body, context) => {
      // If DSQL does not support the statement at all, its parts do not matter.
      if (judgement.refusal || (!isKnown && context.parent !== undefined)) return;
      for (const rule of rules.get(name) ?? []) judgement.refusal ??= rule.judge(body, context);
      for (const rule of catalogRules.get(name) ?? []) {
        const question = rule.question(body, context);
        if (question) judgement.catalogChecks.push(question);
      }
    },
    statement,
  );
  if (!judgement.refusal && !isKnown) {
    const { info, message } = unsupportedStatement(open(tree).name);
    judgement.refusal = makeRefusal(info, message);
  }
  return judgement;
}

function byNode<T extends { on: NodeName }>(list: readonly T[]): ReadonlyMap<NodeName, readonly T[]> {
  const map = new Map<NodeName, T[]>();
  for (const rule of list) map.set(rule.on, [...(map.get(rule.on) ?? []), rule]);
  return map;
}
