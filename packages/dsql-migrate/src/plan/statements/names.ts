import type { KnownTable } from "../schema.ts";

const MAX_NAME_BYTES = 63;

/**
 * The name that PostgreSQL gives to an unnamed object: `<table>_<columns>_<label>`, each part cut so that the whole fits
 * (src/backend/commands/indexcmds.c, makeObjectName), and numbered if the table has it already.
 */
export function generatedName(
  table: string,
  columns: readonly string[],
  label: string,
  known?: KnownTable,
): string {
  for (let number = 0; ; number++) {
    const name = objectName(table, columns.join("_"), number === 0 ? label : `${label}${number}`);
    if (!known?.constraints.has(name) && !known?.indexes.has(name)) return name;
  }
}

function objectName(table: string, columns: string, label: string): string {
  let first = table;
  let second = columns;
  const rest = label.length + 1 + (columns ? 1 : 0);
  while (bytes(first) + bytes(second) > MAX_NAME_BYTES - rest) {
    if (bytes(first) > bytes(second)) first = [...first].slice(0, -1).join("");
    else second = [...second].slice(0, -1).join("");
  }
  return [first, ...(columns ? [second] : []), label].join("_");
}

const bytes = (text: string): number => Buffer.byteLength(text);
