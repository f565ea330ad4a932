import { literal, tableOid } from "../sql/quoting.ts";
import type { NodeBody, NodeName } from "../sql/tree.ts";
import { constraintsOf } from "./columns.ts";
import { type CatalogRule, catalogRule, type Rule, type RuleInfo, rule } from "./rule.ts";

const quota = (advice: string, sqlstate = "54000"): RuleInfo => ({
  rule: "quota",
  sqlstate,
  advice,
  page: "quotas",
});

/** Maximum number of columns of a table; the user guide and the message say 255, but a cluster accepts one more. */
const MAX_COLUMNS = 256;
/** Length of a view's text in characters above which a cluster accepted no view; it measures its own form of the query. */
const MAX_VIEW_LENGTH = 524_288;
const MAX_STATISTICS_TARGET = 100;

const columns = quota("Split the table, or keep rarely used values in a jsonb column.", "54011");

/** Limits that can be checked on the statement alone (user guide, "Database limits", read 2026-11-21). */
export const quotaRules: readonly Rule[] = [
  rule("CreateStmt", columns, (s) => {
    const elements = s.tableElts ?? [];
    const defined = elements.flatMap((item) => ("ColumnDef" in item ? [item.ColumnDef] : []));
    if (defined.length <= MAX_COLUMNS) return undefined;
    const constraints = elements.flatMap((item) => ("Constraint" in item ? [item.Constraint] : []));
    const hasKey = [...constraints, ...defined.flatMap(constraintsOf)].some(
      ({ contype }) => contype === "CONSTR_PRIMARY",
    );
    return tooManyColumns(hasKey);
  }),
  rule(
    "ViewStmt",
    quota("Split the view into several views."),
    (_, { statement }) => statement.text.length > MAX_VIEW_LENGTH && "view definition too large",
  ),
  rule("AlterStatsStmt", quota("Use a target of at most 100.", "22023"), (s) => {
    const target = Number(s.stxstattarget ?? 0);
    return (
      target > MAX_STATISTICS_TARGET &&
      `statistics target ${target} exceeds maximum allowed value of ${MAX_STATISTICS_TARGET}`
    );
  }),
];

/** A primary key in DSQL includes all columns, so the message is about its index. */
function tooManyColumns(hasPrimaryKey: boolean): string {
  return hasPrimaryKey
    ? `cannot use more than ${MAX_COLUMNS} columns in an index`
    : "tables can have at most 255 columns";
}

const IN_USER_SCHEMA =
  "NOT IN ('pg_catalog', 'information_schema', 'sys') AND n.nspname !~ '^pg_(?:toast|temp)'";

const relations = (kind: string): string =>
  `SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind = ${literal(kind)} AND n.nspname ${IN_USER_SCHEMA}`;

/** A limit on the number of objects of a kind; as on a cluster, it applies even if IF NOT EXISTS would do nothing. */
const limited = <K extends NodeName>(
  on: K,
  limit: { max: number; count: string; message: string; advice: string },
): CatalogRule =>
  catalogRule(
    on,
    quota(limit.advice),
    () => true as const,
    async (_, catalog) => {
      const [[count] = []] = await catalog.query(limit.count);
      return Number(count) >= limit.max && limit.message;
    },
  );

/** Limits that depend on what exists in the database. */
export const quotaCatalogRules: readonly CatalogRule[] = [
  limited("CreateSchemaStmt", {
    max: 10,
    count: `SELECT count(*) FROM pg_catalog.pg_namespace AS n WHERE n.nspname <> 'public' AND n.nspname ${IN_USER_SCHEMA}`,
    message: "more than 10 schemas not allowed",
    advice: "Drop a schema, or put the tables in one schema, with prefixes in their names.",
  }),
  limited("CreateStmt", {
    max: 1000,
    count: relations("r"),
    message: "creating more than 1000 tables not allowed",
    advice: "Drop a table, or keep several kinds of rows in one table.",
  }),
  limited("ViewStmt", {
    max: 5000,
    count: relations("v"),
    message: "creating more than 5000 views not allowed",
    advice: "Drop a view.",
  }),
  limited("CreateSeqStmt", {
    max: 5000,
    count: relations("S"),
    message: "creating more than 5000 sequences is not allowed",
    advice: "Drop a sequence, or use uuid keys.",
  }),
  catalogRule(
    "CreateStatsStmt",
    quota("Drop statistics that no query needs."),
    (s) => s.relations?.[0],
    async (relation, catalog) => {
      const table = tableOid("RangeVar" in relation ? relation.RangeVar : {});
      const [[count] = []] = await catalog.query(
        `SELECT count(*) FROM pg_catalog.pg_statistic_ext WHERE stxrelid = ${table}`,
      );
      return Number(count) >= 5 && "more than 5 extended statistics per table are not allowed";
    },
  ),
  catalogRule("AlterTableStmt", columns, addedColumns, async ({ table, added }, catalog) => {
    const [[count, hasKey] = []] = await catalog.query(
      `SELECT count(*), EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid = ${table} AND indisprimary)
       FROM pg_catalog.pg_attribute WHERE attrelid = ${table} AND attnum > 0 AND NOT attisdropped`,
    );
    return Number(count) + added > MAX_COLUMNS && tooManyColumns(hasKey === "t");
  }),
];

function addedColumns(s: NodeBody<"AlterTableStmt">): { table: string; added: number } | undefined {
  const added = (s.cmds ?? []).filter(
    (item) => "AlterTableCmd" in item && item.AlterTableCmd.subtype === "AT_AddColumn",
  ).length;
  return added > 0 ? { table: tableOid(s.relation ?? {}), added } : undefined;
}
