import type { NodeBody } from "../sql/tree.ts";
import { columnRules } from "./columns.ts";
import { isKey, keyRules } from "./keys.ts";
import { type Rule, type RuleInfo, rule } from "./rule.ts";
import { isTemporary } from "./temporary.ts";

const clause = (what: string): RuleInfo => ({
  rule: "create-table-clause",
  advice: `Leave ${what} out.`,
  page: "createTable",
});

const refused = (what: string): string => `${what} clause not supported for CREATE TABLE`;

const deferrable: RuleInfo = {
  rule: "deferrable-key",
  advice: "Only foreign keys may be DEFERRABLE.",
  page: "createTable",
};

const DEFERRABLE_KEY = "DEFERRABLE constraints other than FOREIGN KEY are not supported";

/** Rules on CREATE TABLE. */
export const tableRules: readonly Rule[] = [
  rule(
    "CreateStmt",
    {
      rule: "temporary-table",
      advice: "Use a table with a column that names its owner, or a WITH clause.",
      page: "unsupportedSql",
    },
    (s) => isTemporary(s.relation) && "TEMPORARY or TEMP table not supported for CREATE TABLE",
  ),
  rule(
    "CreateStmt",
    clause("UNLOGGED"),
    (s) => s.relation?.relpersistence === "u" && "UNLOGGED table not supported for CREATE TABLE",
  ),
  rule(
    "CreateStmt",
    {
      rule: "partitioned-table",
      advice: "Leave partitions out; DSQL distributes a table by its primary key.",
      page: "unsupportedSql",
    },
    (s) => (s.partspec ? refused("PARTITION BY") : s.partbound && refused("PARTITION OF")),
  ),
  rule(
    "CreateStmt",
    clause("INHERITS"),
    (s) => !s.partbound && (s.inhRelations?.length ?? 0) > 0 && refused("INHERITS"),
  ),
  rule("CreateStmt", clause("OF type"), (s) => s.ofTypename && refused("OF")),
  rule("CreateStmt", clause("WITH (…)"), (s) => (s.options?.length ?? 0) > 0 && refused("WITH")),
  rule("CreateStmt", clause("ON COMMIT"), (s) => s.oncommit !== "ONCOMMIT_NOOP" && refused("ON COMMIT")),
  rule("CreateStmt", clause("TABLESPACE"), (s) => s.tablespacename && refused("TABLESPACE")),
  rule("CreateStmt", clause("USING"), (s) => s.accessMethod && refused("USING")),
  rule("ColumnDef", clause("COMPRESSION"), (c) => c.compression && "COMPRESSION clause not supported"),
  rule("Constraint", clause("WITH (…)"), (c) => isKey(c) && (c.options?.length ?? 0) > 0 && refused("WITH")),
  rule("Constraint", clause("USING INDEX TABLESPACE"), (c) => c.indexspace && refused("TABLESPACE")),
  rule(
    "Constraint",
    {
      rule: "exclusion-constraint",
      advice: "Check for overlaps in the transaction, with FOR UPDATE.",
      page: "unsupportedSql",
    },
    (c) => c.contype === "CONSTR_EXCLUSION" && "EXCLUDE constraint not supported",
  ),
  rule("CreateStmt", deferrable, (s) => hasDeferrableKey(s) && DEFERRABLE_KEY),
  rule("AlterTableCmd", deferrable, ({ def }) => {
    const constraint = def && "Constraint" in def ? def.Constraint : {};
    return isKey(constraint) && constraint.deferrable && DEFERRABLE_KEY;
  }),
  rule(
    "ViewStmt",
    { rule: "temporary-view", advice: "Leave TEMPORARY out, or use a WITH clause.", page: "unsupportedSql" },
    (s) => isTemporary(s.view) && "TEMPORARY or TEMP view not supported for CREATE VIEW",
  ),
  ...columnRules,
  ...keyRules,
];

/** Whether a key is DEFERRABLE: the parser sets a field of a table constraint, but adds an item after a column's constraint. */
function hasDeferrableKey(table: NodeBody<"CreateStmt">): boolean {
  return (table.tableElts ?? []).some((element) => {
    if ("Constraint" in element) return isKey(element.Constraint) && element.Constraint.deferrable === true;
    if (!("ColumnDef" in element)) return false;
    let last: NodeBody<"Constraint"> | undefined;
    for (const item of element.ColumnDef.constraints ?? []) {
      if (!("Constraint" in item)) continue;
      if (item.Constraint.contype === "CONSTR_ATTR_DEFERRABLE") return last !== undefined && isKey(last);
      last = item.Constraint;
    }
    return false;
  });
}
