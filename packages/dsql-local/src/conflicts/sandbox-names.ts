import { tokenize } from "../sql/tokenizer.ts";
import type { Statement } from "../statements/statement.ts";
import { withoutLocks } from "./locking-read.ts";

/**
 * The statement's text for a transaction that works on copies: in names of copied tables, the schema is replaced by pg_temp.
 * Names without a schema refer to the copies already, since pg_temp is searched first.
 */
export function sandboxText(
  statement: Statement,
  isCopied: (schema: string, table: string) => boolean,
): string {
  let text = statement.kind === "locking-read" ? withoutLocks(statement.text) : statement.text;
  const names = [...tokenize(text)];
  const isName = (at: number): boolean =>
    names[at]?.kind === "word" || names[at]?.kind === "quoted-identifier";
  // From the end, so that earlier positions stay valid.
  for (let at = names.length - 3; at >= 0; at--) {
    const [schema, dot, table] = names.slice(at, at + 3);
    if (!schema || !table || dot?.text !== "." || !isName(at) || !isName(at + 2)) continue;
    if (names[at - 1]?.text === "." || !isCopied(schema.text, table.text)) continue;
    text = `${text.slice(0, schema.start)}pg_temp${text.slice(schema.end)}`;
  }
  return text;
}
