/**
 * Splits a row's text, as PostgreSQL prints a composite value: `(1,,"a ""b""")` -> `["1", null, 'a "b"']`.
 * @param columns how many columns are wanted, from the first. @default all of them
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
