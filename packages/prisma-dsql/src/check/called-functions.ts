// Words that may precede "(" in an expression without being a function: operators, and types with a length.
const keywords = new Set(
  "all and any as array between case cast collate else exists filter in interval is like ilike not or over row select some then values when where with zone".split(
    " ",
  ),
);

const stringsAndComments =
  /"[^"]*"|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g;
const castWithLength = /(?:::|\bas\s)\s*(?:[\w.]+|"[^"]+")(?:\s+(?:varying|precision))?\s*\([^)]*\)/gi;

/**
 * The names of the functions that an SQL expression calls, in lower case and with their schema: `now` of `now()`,
 * `auth.uid` of `"auth"."uid"()`. Text in a string or a comment is not a call, and neither is the length of a type.
 */
export function calledFunctions(expression: string): string[] {
  const code = expression
    .replace(stringsAndComments, (found) => (found.startsWith('"') ? found : " "))
    .replace(castWithLength, " ");
  const call = /((?:"[^"]+"|[A-Za-z_][\w$]*)(?:\s*\.\s*(?:"[^"]+"|[A-Za-z_][\w$]*))*)\s*\(/g;
  return [...code.matchAll(call)]
    .map(([, name = ""]) => name.replace(/["\s]/g, "").toLowerCase())
    .filter((name) => !keywords.has(name));
}
