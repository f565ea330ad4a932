/** A string as an SQL literal. */
export function literal(text: string): string {
  return text.includes("\\")
    ? ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

/** A name as a quoted identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table's name as SQL, quoted. */
export function tableName(relation: { schemaname?: string; relname?: string }): string {
  const name = identifier(relation.relname ?? "");
  return relation.schemaname === undefined ? name : `${identifier(relation.schemaname)}.${name}`;
}

/** The oid of a table by name, as SQL; null if there is none. */
export function tableOid(relation: { schemaname?: string; relname?: string }): string {
  return `pg_catalog.to_regclass(${literal(tableName(relation))})`;
}
