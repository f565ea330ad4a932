import type { NodeBody, NodeContext, NodeName } from "../sql/tree.ts";
import type { CatalogCheck, CatalogQuery, Refusal } from "./refusal.ts";

/** Pages of the DSQL user guide, by subject. */
const pages = {
  supportedSql: "working-with-postgresql-compatibility-supported-sql-features",
  unsupportedSql: "working-with-postgresql-compatibility-migration-guide",
  dataTypes: "working-with-postgresql-compatibility-supported-data-types",
  createTable: "create-table-syntax-support",
  alterTable: "alter-table-syntax-support",
  createSequence: "create-sequence-syntax-support",
  identity: "sequences-identity-columns",
  asyncIndexes: "working-with-create-index-async",
  transactions: "working-with-ddl",
  concurrency: "working-with-concurrency-control",
  parameters: "accessing",
  quotas: "CHAP_quotas",
  roles: "using-database-and-iam-roles",
} as const;

/** What a refusal has in addition to its message. */
export interface RuleInfo {
  /** Its name in the log, kebab-case. */
  rule: string;
  /** What to write instead, one sentence. */
  advice: string;
  page: keyof typeof pages;
  /** @default "0A000" */
  sqlstate?: string | undefined;
}

/** What a rule's function returns: DSQL's message, or nothing if the rule does not apply. */
export type Objection = string | false | null | undefined;

/** One rule: which nodes of the parse tree it looks at, and when it refuses one. */
export interface Rule {
  on: NodeName;
  judge(body: Record<string, unknown>, context: NodeContext): Refusal | undefined;
}

/** A rule that needs the catalog: it returns the check for a node, or undefined. */
export interface CatalogRule {
  on: NodeName;
  question(body: Record<string, unknown>, context: NodeContext): CatalogCheck | undefined;
}

/** Builds a refusal from a rule's facts and DSQL's message. */
export function makeRefusal(info: RuleInfo, message: string): Refusal {
  return {
    sqlstate: info.sqlstate ?? "0A000",
    message,
    rule: info.rule,
    advice: info.advice,
    documentation: `https://docs.aws.amazon.com/aurora-dsql/latest/userguide/${pages[info.page]}.html`,
  };
}

/** A rule on the parse tree alone. */
export function rule<K extends NodeName>(
  on: K,
  info: RuleInfo,
  object: (body: NodeBody<K>, context: NodeContext) => Objection,
): Rule {
  return {
    on,
    judge(body, context) {
      const message = object(body as NodeBody<K>, context);
      return message ? makeRefusal(info, message) : undefined;
    },
  };
}

/** A rule on the parse tree and the catalog; `ask` is called only if `concerns` returns a subject. */
export function catalogRule<K extends NodeName, T>(
  on: K,
  info: RuleInfo,
  concerns: (body: NodeBody<K>, context: NodeContext) => T | undefined | false,
  ask: (subject: T, catalog: CatalogQuery) => Promise<Objection>,
): CatalogRule {
  return {
    on,
    question(body, context) {
      const subject = concerns(body as NodeBody<K>, context);
      if (!subject) return undefined;
      return async (catalog) => {
        const message = await ask(subject, catalog);
        return message ? makeRefusal(info, message) : undefined;
      };
    },
  };
}
