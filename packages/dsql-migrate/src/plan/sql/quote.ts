import { RESERVED_WORDS } from "./reserved-words.ts";

/** Quotes an identifier where SQL needs it. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED_WORDS.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** A string constant that means the same whatever `standard_conforming_strings` is. */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A name with its schema, if it has one. */
export function qualified(name: QualifiedName): string {
  return name.schema === undefined
    ? identifier(name.name)
    : `${identifier(name.schema)}.${identifier(name.name)}`;
}

/** A table's or another object's name as a statement gives it. */
export interface QualifiedName {
  schema?: string | undefined;
  name: string;
}
