import { applyEdits } from "./edits.ts";
import { tokenize } from "./lexer.ts";
import { identifier, type QualifiedName, qualified } from "./quote.ts";

/** Writes another table's name before columns that name their table, as in `CHECK (orders.total > 0)`. */
export function renameQualifier(sql: string, from: string, to: string): string {
  const tokens = tokenize(sql);
  const edits = tokens.flatMap(({ kind, value, start, end }, index) => {
    const isName = kind === "word" || kind === "quoted-identifier";
    return isName && value === from && tokens[index + 1]?.value === "."
      ? [{ start, end, text: identifier(to) }]
      : [];
  });
  return applyEdits(sql, 0, sql.length, edits);
}

/** Writes another table's name after REFERENCES. */
export function renameReference(sql: string, to: QualifiedName): string {
  const tokens = tokenize(sql);
  const at = tokens.findIndex(({ kind, value }) => kind === "word" && value === "references");
  const first = tokens[at + 1];
  if (at < 0 || !first) return sql;
  const last = tokens[at + 2]?.value === "." ? tokens[at + 3] : first;
  return applyEdits(sql, 0, sql.length, [
    { start: first.start, end: last?.end ?? first.end, text: qualified(to) },
  ]);
}
