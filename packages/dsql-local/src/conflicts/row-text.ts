/**
 * Splits a row's text, as PostgreSQL prints a composite value: `(1,,"a ""b""")` -> `["1", null, 'a "b"']`.
 * @param columns how many columns to return, from the first. @default all of them
 */
export function parseRowText(text: string, columns = Number.POSITIVE_INFINITY): (string | null)[] {
  const values: (string | null)[] = [];
  const end = text.length - 1;
  for (let at = 1; at <= end && values.length < columns; at++) {
    let value: string | null = null;
    while (at < end && text[at] !== ",") {
      value ??= "";
      if (text[at] !== '"') {
        const from = at;
        while (at < end && text[at] !== "," && text[at] !== '"') at++;
        value += text.slice(from, at);
        continue;
      }
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        // Within quotes a quote is doubled, and so is a backslash.
        if (text[at] === '"' || text[at] === "\\") at++;
        value += text[at];
      }
      at++;
    }
    values.push(value);
  }
  return values;
}

/** Formats rows as PostgreSQL reads them, from the values of the columns that have a 1; the other columns are null. */
export function rowTexts(columns: string, values: readonly (string | null)[][]): string[] {
  return (values[0] ?? []).map((_, row) => {
    let column = 0;
    const texts = [...columns].map((isGiven) => {
      const value = isGiven === "1" ? (values[column++]?.[row] ?? null) : null;
      return value === null ? "" : quoted(value);
    });
    return `(${texts.join(",")})`;
  });
}

const quoted = (value: string): string =>
  /^[\w.:+-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "$&$&")}"`;

/** Splits arrays of one dimension as PostgreSQL prints them, one after another: `{1,NULL}{"a b",c}`. */
export function parseArrays(text: string): (string | null)[][] {
  const arrays: (string | null)[][] = [];
  let values: (string | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") {
      values = [];
      arrays.push(values);
    } else if (character === '"') {
      let value = "";
      for (at++; text[at] !== '"'; at++) {
        if (text[at] === "\\") at++;
        value += text[at];
      }
      values.push(value);
    } else if (character !== "," && character !== "}") {
      const from = at;
      while (text[at + 1] !== "," && text[at + 1] !== "}") at++;
      const value = text.slice(from, at + 1);
      values.push(value === "NULL" ? null : value);
    }
  }
  return arrays;
}
