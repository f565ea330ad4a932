// https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-postgresql-compatibility-supported-data-types.html (read 2026-11-21)
const spellings: Record<string, readonly string[]> = {
  smallint: ["int2"],
  integer: ["int", "int4"],
  bigint: ["int8"],
  real: ["float4"],
  "double precision": ["float8", "float", "doubleprecision"],
  numeric: ["decimal", "dec"],
  character: ["char", "bpchar"],
  "character varying": ["varchar"],
  text: [],
  date: [],
  time: ["time without time zone"],
  "time with time zone": ["timetz"],
  timestamp: ["timestamp without time zone"],
  "timestamp with time zone": ["timestamptz"],
  interval: [],
  boolean: ["bool"],
  bytea: [],
  uuid: [],
  json: [],
  jsonb: [],
};

/** Every spelling of a type that a DSQL column can have, with PostgreSQL's full name of the type. */
export const supportedTypes: ReadonlyMap<string, string> = new Map(
  Object.entries(spellings).flatMap(([name, others]) =>
    [name, ...others].map((spelling) => [spelling, name] as const),
  ),
);

/** Types that a column can have, but not a primary key, a unique constraint or an index. */
export const typesWithoutKeys: ReadonlySet<string> = new Set([
  "json",
  "jsonb",
  "bytea",
  "time with time zone",
  "interval",
]);

/** The types of columns for which the schema names none. */
export const defaultTypes: Readonly<Record<string, string>> = { Json: "jsonb", Bytes: "bytea" };

/**
 * A type as written in SQL or after `@db.`, in lower case and without its length: `timestamp with time zone` of
 * `TIMESTAMP(3)  WITH TIME ZONE`, `array` of `text[]`, `interval` of `interval day to second`.
 */
export function typeName(written: string): string {
  const name = written
    .toLowerCase()
    .replace(/\([^)]*\)/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^pg_catalog\./, "");
  if (/\[\d*\]$| array$/.test(name)) return "array";
  return name.startsWith("interval ") ? "interval" : name;
}

const asString = "Use String, and check its form in the application or in a CHECK constraint.";
const asNumbers = "Use two or more Float columns, or a Json column.";
const asBounds = "Use one column for each bound.";
const noSearch = "Use String with contains or startsWith, or a search service.";
const asSerial = 'Use BigInt, or String @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid.';

const replacements: ReadonlyMap<string, string> = new Map([
  ["money", "Use Decimal @db.Decimal(19, 4)."],
  ["oid", "Use BigInt."],
  ["citext", "Use String and store it in lower case, or index the expression lower(column) in a migration."],
  ["xml", "Use String @db.Text."],
  ["bit", "Use Bytes, Int or String."],
  ["varbit", "Use Bytes or String."],
  ["bit varying", "Use Bytes or String."],
  ["name", "Use String."],
  ['"char"', "Use String @db.Char(1)."],
  ["inet", asString],
  ["cidr", asString],
  ["macaddr", asString],
  ["macaddr8", asString],
  ["point", asNumbers],
  ["line", asNumbers],
  ["lseg", asNumbers],
  ["box", asNumbers],
  ["path", asNumbers],
  ["polygon", asNumbers],
  ["circle", asNumbers],
  ["geometry", asNumbers],
  ["geography", asNumbers],
  ["cube", asNumbers],
  ["tsvector", noSearch],
  ["tsquery", noSearch],
  ["int4range", asBounds],
  ["int8range", asBounds],
  ["numrange", asBounds],
  ["tsrange", asBounds],
  ["tstzrange", asBounds],
  ["daterange", asBounds],
  ["int4multirange", asBounds],
  ["int8multirange", asBounds],
  ["nummultirange", asBounds],
  ["tsmultirange", asBounds],
  ["tstzmultirange", asBounds],
  ["datemultirange", asBounds],
  ["smallserial", asSerial],
  ["serial", asSerial],
  ["bigserial", asSerial],
  ["pg_lsn", "Use BigInt."],
  ["jsonpath", "Use String."],
  ["hstore", "Use Json."],
  ["ltree", "Use String."],
  ["vector", "Use Bytes, and search in a vector store."],
  ["halfvec", "Use Bytes, and search in a vector store."],
  ["sparsevec", "Use Bytes, and search in a vector store."],
  ["array", "Use a Json column, or a model of its own with a relation."],
]);

/** What to use instead of a type that DSQL does not support. */
export function replacementFor(type: string): string {
  return (
    replacements.get(type) ??
    `Use String, Json or Bytes; if ${type} is a domain of your own, create it in a migration before the table, and pass --known ${type}.`
  );
}
