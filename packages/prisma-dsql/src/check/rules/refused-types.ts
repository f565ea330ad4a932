const asText = "Take String, and check the form in the application or in a CHECK constraint.";
const asNumbers = "Take two or more Float columns, or a Json column.";
const asBounds = "Take one column for each bound.";
const noSearch = "Take String with contains or startsWith, or search in a search service.";

/** Types that Prisma can write into a table and DSQL answers with "datatype … not supported", each with what to take instead. */
export const refusedTypes: ReadonlyMap<string, string> = new Map([
  ["money", "Take Decimal @db.Decimal(19, 4)."],
  ["oid", "Take BigInt."],
  ["citext", "Take String and store it in lower case, or index the expression lower(column) in a migration."],
  ["xml", "Take String @db.Text."],
  ["bit", "Take Bytes, Int or String."],
  ["varbit", "Take Bytes or String."],
  ["bit varying", "Take Bytes or String."],
  ["inet", asText],
  ["cidr", asText],
  ["macaddr", asText],
  ["macaddr8", asText],
  ["point", asNumbers],
  ["line", asNumbers],
  ["lseg", asNumbers],
  ["box", asNumbers],
  ["path", asNumbers],
  ["polygon", asNumbers],
  ["circle", asNumbers],
  ["geometry", asNumbers],
  ["geography", asNumbers],
  ["tsvector", noSearch],
  ["tsquery", noSearch],
  ["int4range", asBounds],
  ["int8range", asBounds],
  ["numrange", asBounds],
  ["tsrange", asBounds],
  ["tstzrange", asBounds],
  ["daterange", asBounds],
  ["pg_lsn", "Take BigInt."],
  ["hstore", "Take Json."],
  ["ltree", "Take String."],
  ["vector", "Take Bytes, and search in a vector store."],
  ["array", "Take a Json column, or a model of its own with a relation."],
]);
