import { constantOf, type NodeBody, namesOf } from "../sql/tree.ts";

type TypeName = NodeBody<"TypeName">;

/** Types that a column may have, by their name in pg_type, with the name that PostgreSQL shows. */
const COLUMN_TYPES: Record<string, string> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  numeric: "numeric",
  bpchar: "character",
  varchar: "character varying",
  text: "text",
  date: "date",
  time: "time without time zone",
  timetz: "time with time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  interval: "interval",
  bool: "boolean",
  bytea: "bytea",
  uuid: "uuid",
  json: "json",
  jsonb: "jsonb",
};

/** PostgreSQL's other types that can be used in queries, but not as the type of a column. */
const RUNTIME_TYPES = new Set(
  (
    "inet oid xid xid8 cid tid name char oidvector int2vector jsonpath refcursor regclass regproc regprocedure " +
    "regoper regoperator regtype regrole regnamespace regconfig regdictionary regcollation txid_snapshot " +
    "pg_snapshot aclitem tsvector tsquery pg_lsn"
  ).split(" "),
);

/** Types that DSQL does not support at all. */
const ABSENT_TYPES = new Set(
  (
    "money xml cidr macaddr macaddr8 point line lseg box path polygon circle bit varbit " +
    "int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange " +
    "tsmultirange tstzmultirange datemultirange"
  ).split(" "),
);

/** Names that PostgreSQL accepts only in column definitions, and DSQL not at all. */
export const SERIAL_TYPES: ReadonlySet<string> = new Set([
  ...["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"],
]);

/** Column types whose values cannot be a key (user guide, "Supported data types"). */
export const KEYLESS_TYPES: ReadonlySet<string> = new Set(["timetz", "interval", "bytea", "json", "jsonb"]);

/** The name of a built-in type in pg_type; undefined for a type of another schema. */
export function builtInName(type: TypeName | undefined): string | undefined {
  const names = namesOf(type?.names);
  if (names.length === 2 && names[0] !== "pg_catalog") return undefined;
  return names.length <= 2 ? names.at(-1) : undefined;
}

/** The name of a type as PostgreSQL shows it, e.g. `bit varying` or `integer[]`. */
export function displayedName(type: TypeName | undefined): string {
  const name = elementOfArray(type) ?? builtInName(type) ?? namesOf(type?.names).join(".");
  const shown = COLUMN_TYPES[name] ?? (name === "varbit" ? "bit varying" : name === "char" ? '"char"' : name);
  return isArray(type) ? `${shown}[]` : shown;
}

/** Whether a type is an array, written as `int[]`, as `int ARRAY` or by its name in pg_type, `_int4`. */
function isArray(type: TypeName | undefined): boolean {
  return type?.arrayBounds !== undefined || elementOfArray(type) !== undefined;
}

/** The element type of an array type that is written by its name in pg_type. */
function elementOfArray(type: TypeName | undefined): string | undefined {
  const element = /^_(.+)/.exec(builtInName(type) ?? "")?.[1];
  return element !== undefined &&
    (element in COLUMN_TYPES || RUNTIME_TYPES.has(element) || ABSENT_TYPES.has(element))
    ? element
    : undefined;
}

/** Whether no column may have the type. One that is not built in is a domain, or PostgreSQL reports that it does not exist. */
export function isRefusedColumnType(type: TypeName | undefined): boolean {
  if (isArray(type)) return true;
  const name = builtInName(type);
  return name !== undefined && (RUNTIME_TYPES.has(name) || ABSENT_TYPES.has(name));
}

/** Whether queries cannot use values of the type, or arrays of it, either. */
export function isRefusedValueType(name: string | undefined): boolean {
  return name !== undefined && ABSENT_TYPES.has(name.replace(/^_/, ""));
}

/** Whether the type's name is that of a built-in column type of DSQL; any other may be a domain. */
export function isColumnType(type: TypeName | undefined): boolean {
  return (builtInName(type) ?? "") in COLUMN_TYPES;
}

/** The type's first modifier, e.g. 20 for varchar(20). */
export function declaredLength(type: TypeName | undefined): number | undefined {
  const length = constantOf(type?.typmods?.[0]);
  return length === undefined ? undefined : Number(length);
}
