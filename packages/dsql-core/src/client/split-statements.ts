/**
 * A semicolon, or the start of a comment, a string or a quoted name, in which a semicolon does not end the statement. After
 * a letter, E and the dollar sign are part of a name, as in a$b$ and date'…'.
 */
const OPENING =
  /;|--|\/\*|'|"|(?<![\w$\u0080-\uffff])(?:e'|\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)/gi;

/**
 * The statements of a text, each trimmed and with comments replaced by spaces; empty ones are omitted. Strings, quoted names
 * and dollar quotes are never split (PostgreSQL 16 manual, "Lexical Structure").
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
  const nextOpening = () => {
    OPENING.lastIndex = position;
    return OPENING.exec(text);
  };
  for (let opening = nextOpening(); opening !== null; opening = nextOpening()) {
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
  const lineEnd = /[\r\n]/g;
  lineEnd.lastIndex = from;
  return lineEnd.exec(text)?.index ?? text.length;
}

/** Comments nest in PostgreSQL. */
function endOfComment(text: string, from: number): number {
  const signs = /\/\*|\*\//g;
  signs.lastIndex = from;
  let depth = 0;
  for (let sign = signs.exec(text); sign !== null; sign = signs.exec(text)) {
    if (sign[0] === "/*") depth++;
    else if (--depth === 0) return signs.lastIndex;
  }
  return text.length;
}

function endOfQuoted(text: string, start: number, sign: string): number {
  const inside = start + sign.length;
  if (sign.toLowerCase() === "e'") return endOfEscapeString(text, inside);
  // A doubled quote is read as the end of one part and the start of the next, which has the same effect.
  const end = text.indexOf(sign, inside);
  return end === -1 ? text.length : end + sign.length;
}

/** A backslash escapes a quote, also after a doubled quote. */
function endOfEscapeString(text: string, from: number): number {
  const signs = /\\.|''|'/gs;
  signs.lastIndex = from;
  for (let sign = signs.exec(text); sign !== null; sign = signs.exec(text)) {
    if (sign[0] === "'") return signs.lastIndex;
  }
  return text.length;
}
