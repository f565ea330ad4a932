import type { Range } from "./draft.ts";
import type { RuleId } from "./rules.ts";
import { keyOf } from "./schema.ts";
import { constant, type NodeBody, names } from "./sql/tree.ts";
import type { Work } from "./work.ts";

type TypeName = NodeBody<"TypeName">;

/** Types that a column of DSQL may have, by their name in pg_type (user guide, "Supported data types"). */
const COLUMN_TYPES: ReadonlySet<string> = new Set(
  "int2 int4 int8 float4 float8 numeric bpchar varchar text date time timetz timestamp timestamptz interval bool bytea uuid json jsonb".split(
    " ",
  ),
);

/** What to use in place of a built-in type that no column may have. */
const INSTEAD: Record<string, string> = {
  money: "numeric(19,4)",
  xml: "text",
  inet: "text",
  cidr: "text",
  macaddr: "text",
  macaddr8: "text",
  bit: "text, or a bigint as a bit mask",
  varbit: "text, or bytea",
  tsvector: "text, and a search service outside of the database",
  tsquery: "text",
  jsonpath: "text",
  name: "text",
  char: "char(1)",
  oid: "bigint",
  point: "two columns of double precision",
};
const RANGE = "two columns, for the lower and the upper bound";
const GEOMETRY = "jsonb, or columns of double precision";
const SYSTEM = "bigint or text";
const FURTHER_TYPES: Record<string, string> = {
  ...Object.fromEntries(
    "int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange"
      .split(" ")
      .map((name) => [name, RANGE]),
  ),
  ...Object.fromEntries("line lseg box path polygon circle".split(" ").map((name) => [name, GEOMETRY])),
  ...Object.fromEntries(
    "pg_lsn xid xid8 cid tid oidvector int2vector refcursor regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig regdictionary regcollation txid_snapshot pg_snapshot aclitem cstring record"
      .split(" ")
      .map((name) => [name, SYSTEM]),
  ),
  ...INSTEAD,
};

/** Types of well-known extensions. */
const EXTENSION_TYPES: Record<string, string> = {
  citext: "text, compared by lower(…), with a unique index on lower(column)",
  hstore: "jsonb",
  ltree: "text",
  vector: "a vector store outside of the database",
  halfvec: "a vector store outside of the database",
  geometry: "jsonb, or columns of double precision",
  geography: "jsonb, or columns of double precision",
  cube: "jsonb",
};

/** Types that DSQL does not accept in a key. */
export const KEYLESS_TYPES: ReadonlySet<string> = new Set(["timetz", "interval", "bytea", "json", "jsonb"]);

export const SERIAL_TYPES: ReadonlySet<string> = new Set(
  "serial serial2 serial4 serial8 smallserial bigserial".split(" "),
);

const MAX_BYTES: Record<string, number> = { bpchar: 4096, varchar: 65_535 };

/** The name in pg_type of a type without a schema, or of pg_catalog. */
export function builtInName(type: TypeName | undefined): string | undefined {
  const parts = names(type?.names);
  if (parts.length === 2 && parts[0] !== "pg_catalog") return undefined;
  return parts.length <= 2 ? parts.at(-1) : undefined;
}

export function declaredLength(type: TypeName | undefined): number | undefined {
  const length = constant(type?.typmods?.[0]);
  return length === undefined ? undefined : Number(length);
}

/** The key of a user-defined type. */
export function typeKey(type: TypeName | undefined): string {
  const parts = names(type?.names);
  return keyOf({ ...(parts.length > 1 && { schema: parts.at(-2) }), name: parts.at(-1) ?? "" });
}

/** The values of an enum that a migration made. */
export function enumValues(work: Work, type: TypeName | undefined): string[] | undefined {
  return type ? work.schema.enums.get(typeKey(type)) : undefined;
}

/** Whether a type is an enum that columns have as text with a CHECK. */
export function isCheckedEnum(work: Work, type: TypeName | undefined): boolean {
  return work.options.enums === "check" && !type?.arrayBounds && enumValues(work, type) !== undefined;
}

/**
 * Refuses what no column may have; returns the built-in type that values of it have, or undefined.
 *
 * Enums and serial types are left to the caller.
 */
export function judgeColumnType(work: Work, type: TypeName | undefined, range: Range): string | undefined {
  const shown = work.script.text.slice(range.start, range.end);
  const refuse = (rule: RuleId, message: string, advice?: string) =>
    work.refuse(rule, message, { range, ...(advice && { advice }) });
  if (type?.arrayBounds || /^_/.test(builtInName(type) ?? "")) {
    refuse(
      "column-type",
      `A column cannot be an array (${shown}).`,
      "Use jsonb, or a table of its own with a row for each element; arrays work in queries.",
    );
    return undefined;
  }
  if (type?.setof || type?.pct_type) {
    refuse("column-type", `A column cannot have the type ${shown}.`);
    return undefined;
  }
  const name = builtInName(type);
  if (name !== undefined && COLUMN_TYPES.has(name)) {
    const longest = MAX_BYTES[name];
    const length = declaredLength(type);
    if (longest !== undefined && length !== undefined && length > longest)
      refuse("column-length", `${shown} is longer than DSQL's limit of ${longest} bytes.`);
    if (name === "numeric" && !type?.typmods)
      work.warn("numeric-default", "numeric without a precision means numeric(18,6) on DSQL.", { range });
    return name;
  }
  const domain = work.schema.domains;
  if (domain.has(typeKey(type))) return domain.get(typeKey(type));
  const instead =
    (name !== undefined && FURTHER_TYPES[name]) || EXTENSION_TYPES[names(type?.names).at(-1) ?? ""];
  if (instead) refuse("column-type", `A column cannot have the type ${shown}.`, `Use ${instead}.`);
  else if (work.schema.tables.has(typeKey(type)))
    refuse(
      "column-type",
      `A column cannot have the row type of a table (${shown}).`,
      "Use a foreign key, or jsonb.",
    );
  else work.warn("unknown-type", `No migration creates the type ${shown}.`, { range });
  return undefined;
}

/** A type as written in a function's signature. */
export function signatureType(type: TypeName | undefined): string {
  const parts = names(type?.names).map((part) => `"${part.replaceAll('"', '""')}"`);
  return `${parts.join(".")}${"[]".repeat(type?.arrayBounds?.length ? 1 : 0)}`;
}
