import { type Position, SchemaSyntaxError } from "./schema-tree.ts";

/** One token of a schema file: a name or number, a string, a sign, or the end of a line. */
export interface Token extends Position {
  kind: "word" | "text" | "sign" | "line-end" | "end";
  text: string;
}

// In this order: the first that matches at the position wins. Comments and spaces are skipped.
const shapes: [Token["kind"] | "skip", RegExp][] = [
  ["line-end", /\n/y],
  ["skip", /[^\S\n]+/y],
  ["skip", /\/\/[^\n]*/y],
  ["skip", /\/\*[\s\S]*?\*\//y],
  ["text", /"(?:[^"\\\n]|\\.)*"/y],
  ["word", /-?[\p{L}\p{N}_][\p{L}\p{N}_\-.]*/uy],
  ["sign", /@@|[@{}()[\]=:,?]/y],
];

/** Splits a schema into tokens; the last one is always of kind `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  while (offset < source.length) {
    const position = { line, column: offset - lineStart + 1 };
    const { kind, text } = shapeAt(source, offset, position);
    if (kind !== "skip") {
      tokens.push({ kind, text: kind === "text" ? unquote(text) : text, ...position });
    }
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      line += 1;
      lineStart = offset + at + 1;
    }
    offset += text.length;
  }
  tokens.push({ kind: "end", text: "", line, column: offset - lineStart + 1 });
  return tokens;
}

function shapeAt(source: string, offset: number, position: Position) {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = offset;
    const match = shape.exec(source);
    if (match !== null) return { kind, text: match[0] };
  }
  throw new SchemaSyntaxError(`unexpected ${JSON.stringify(source[offset])}`, position);
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
