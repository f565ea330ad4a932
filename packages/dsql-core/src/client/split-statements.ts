const LINE_COMMENT_END = /\r|\n|$/g;
/** A semicolon, or what opens a comment, a string or a quoted name, in which a semicolon ends nothing. */
const OPENING = /;|--|\/\*|'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/g;
const IDENTIFIER_CHARACTER = /[\w$\u0080-\uffff]/;

/**
 * The statements of a text, each trimmed and with its comments turned into blanks; empty ones are left out.
 * Strings, quoted names and dollar quotes are kept whole (PostgreSQL 16 manual, "Lexical Structure").
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let position = 0;
  const end = () => {
    const trimmed = statement.trim();
    if (trimmed !== "") statements.push(trimmed);
    statement = "";
  };
  while (position < text.length) {
    OPENING.lastIndex = position;
    const opening = OPENING.exec(text);
    if (opening === null) break;
    const [sign] = opening;
    const start = opening.index;
    statement += text.slice(position, start);
    if (sign === ";") {
      end();
      position = start + 1;
    } else if (sign === "--" || sign === "/*") {
      statement += " ";
      position = sign === "--" ? endOfLine(text, start) : endOfComment(text, start);
    } else {
      position = endOfQuoted(text, start, sign);
      statement += text.slice(start, position);
    }
  }
  statement += text.slice(position);
  end();
  return statements;
}

function endOfLine(text: string, from: number): number {
  LINE_COMMENT_END.lastIndex = from;
  return LINE_COMMENT_END.exec(text)?.index ?? text.length;
}

/** Comments nest in PostgreSQL. */
function endOfComment(text: string, from: number): number {
  const signs = /\/\*|\*\//g;
  signs.lastIndex = from;
  let depth = 0;
  for (let sign = signs.exec(text); sign !== null; sign = signs.exec(text)) {
    depth += sign[0] === "/*" ? 1 : -1;
    if (depth === 0) return signs.lastIndex;
  }
  return text.length;
}

function endOfQuoted(text: string, start: number, sign: string): number {
  if (sign.startsWith("$")) {
    // In a name such as a$1$ the dollar sign is a letter like any other.
    if (start > 0 && IDENTIFIER_CHARACTER.test(text[start - 1] as string)) return start + 1;
    const end = text.indexOf(sign, start + sign.length);
    return end === -1 ? text.length : end + sign.length;
  }
  const escapes =
    sign === "'" && /(?:^|[^\w$\u0080-\uffff])[eE]$/.test(text.slice(Math.max(0, start - 2), start));
  for (let position = start + 1; position < text.length; position++) {
    if (escapes && text[position] === "\\") position++;
    // A doubled quote is read as the end of one part and the start of the next, which has the same effect.
    else if (text[position] === sign) return position + 1;
  }
  return text.length;
}
