import type { Node } from "libpg-query";
import { tokenize } from "../sql/tokenizer.ts";
import { type NodeBody, type NodeContext, open, walk } from "../sql/tree.ts";
import { utf8Positions } from "../sql/utf8-positions.ts";

/** A change to a statement's text. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

const OWN_RELATION = "'^dsql_local_'";
const OWN_RELATIONS = `(SELECT oid FROM pg_catalog.pg_class WHERE relname ~ ${OWN_RELATION})`;
const OWN_ROUTINE = "'^(dsql_local_|postgres_(version|current_setting|set_config)$)'";
const OWN_TRIGGER = "'^~dsql_local_'";
/** The role that PostgreSQL was initialized with. */
const OWN_ROLE = 10;

/** All columns, because relhastriggers counts the endpoint's triggers. */
const CLASS_COLUMNS = [
  "oid, relname, relnamespace, reltype, reloftype, relowner, relam, relfilenode, reltablespace, relpages",
  "reltuples, relallvisible, reltoastrelid, relhasindex, relisshared, relpersistence, relkind, relnatts",
  "relchecks, relhasrules",
  `relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger
    WHERE tgrelid = pg_class.oid AND tgname !~ ${OWN_TRIGGER}) AS relhastriggers`,
  "relhassubclass, relrowsecurity, relforcerowsecurity, relispopulated, relreplident, relispartition",
  "relrewrite, relfrozenxid, relminmxid, relacl, reloptions, relpartbound",
].join(", ");

/** Catalogs that contain objects of the endpoint, and the rows of them that a cluster has too. */
const SHOWN: Readonly<Record<string, { columns?: string; where: string }>> = {
  pg_class: { columns: CLASS_COLUMNS, where: `relname !~ ${OWN_RELATION}` },
  pg_attribute: { where: `attrelid NOT IN ${OWN_RELATIONS}` },
  pg_index: { where: `indrelid NOT IN ${OWN_RELATIONS}` },
  pg_constraint: { where: `conrelid NOT IN ${OWN_RELATIONS}` },
  pg_type: { where: "typname !~ '^_?dsql_local_'" },
  pg_proc: { where: `proname !~ ${OWN_ROUTINE}` },
  pg_trigger: { where: `tgname !~ ${OWN_TRIGGER}` },
  pg_event_trigger: { where: "evtname !~ '^dsql_local_'" },
  pg_tables: { where: `tablename !~ ${OWN_RELATION}` },
  pg_indexes: { where: `tablename !~ ${OWN_RELATION}` },
  pg_stat_all_tables: { where: `relname !~ ${OWN_RELATION}` },
  pg_stat_all_indexes: { where: `relname !~ ${OWN_RELATION}` },
  pg_roles: { where: `oid <> ${OWN_ROLE}` },
  pg_user: { where: `usesysid <> ${OWN_ROLE}` },
  "information_schema.routines": { where: `routine_name !~ ${OWN_ROUTINE}` },
  "information_schema.tables": { where: `table_name !~ ${OWN_RELATION}` },
};

/** Statements that read catalogs; the definition of a view keeps the names that were written. */
const READERS = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "ExplainStmt", "CopyStmt"]);
const SYSTEM_COLUMN = /\b(?:tableoid|ctid|xmin|xmax)\b/gi;

/** Edits that make reads of catalogs return only the rows that a cluster has too. */
export function catalogEdits(tree: Node, text: string): Edit[] {
  if (!READERS.has(open(tree).name) || !/\bpg_|information_schema/i.test(text)) return [];
  const toUtf16 = utf8Positions(text);
  const systemColumns = [...new Set(text.match(SYSTEM_COLUMN)?.map((name) => name.toLowerCase()))];
  const edits: Edit[] = [];
  walk(tree, (name, body, context) => {
    if (name !== "RangeVar") return;
    const edit = catalogEdit(body as NodeBody<"RangeVar">, context, text, toUtf16, systemColumns);
    if (edit) edits.push(edit);
  });
  return edits;
}

function catalogEdit(
  { schemaname: schema, relname: name = "", alias, inh, location = 0 }: NodeBody<"RangeVar">,
  { field, ctes }: NodeContext,
  text: string,
  toUtf16: (bytes: number) => number,
  systemColumns: readonly string[],
): Edit | undefined {
  const isRead = field === "fromClause" || field === "usingClause" || field === "larg" || field === "rarg";
  if (!isRead || !inh || (schema === undefined && ctes.has(name))) return undefined;
  const isCatalog = schema === undefined ? name.startsWith("pg_") : schema === "pg_catalog";
  const shown = Object.hasOwn(SHOWN, isCatalog ? name : `${schema}.${name}`)
    ? SHOWN[isCatalog ? name : `${schema}.${name}`]
    : undefined;
  if (!shown) return undefined;
  const start = toUtf16(location);
  const end = endOfName(text, start, schema === undefined ? 1 : 3);
  // TABLE pg_class accepts only a name.
  if (end === undefined || /\btable\s*$/i.test(text.slice(0, start))) return undefined;
  const columns = [shown.columns ?? "*", ...systemColumns].join(", ");
  const source = `${isCatalog ? "pg_catalog" : schema}.${name}`;
  return {
    start,
    end,
    text: `(SELECT ${columns} FROM ${source} WHERE ${shown.where})${alias ? "" : ` AS ${name}`}`,
  };
}

/** The end of a name of one word, or of two with a dot between them. */
function endOfName(text: string, start: number, parts: number): number | undefined {
  let end: number | undefined;
  const tokens = tokenize(text.slice(start));
  for (let part = 0; part < parts; part++) end = tokens.next().value?.end;
  return end === undefined ? undefined : start + end;
}
