import { type Token, tokenize } from "../sql/tokenizer.ts";

/** AWS IAM GRANT or REVOKE. */
export interface IamAction {
  kind: "iam-grant" | "iam-revoke";
  role: string;
  arn: string;
}

/** Syntax that DSQL has and PostgreSQL does not, found in one statement of the text. */
export type DsqlForm =
  | { kind: "create-index-async" | "alter-table-async"; start: number; end: number }
  | { kind: "iam"; start: number; end: number; action: IamAction };

/** SQL that PostgreSQL's parser can read: DSQL's own syntax is blanked out, so that all positions stay valid. */
export interface BlankedText {
  text: string;
  forms: readonly DsqlForm[];
}

/** Finds `CREATE INDEX ASYNC`, `ALTER TABLE ASYNC … VALIDATE CONSTRAINT` and `AWS IAM GRANT | REVOKE`. */
export function blankDsqlForms(sql: string): BlankedText {
  if (!/\b(?:async|aws)\b/i.test(sql)) return { text: sql, forms: [] };
  let text = sql;
  const forms: DsqlForm[] = [];
  for (const tokens of statementsOf(sql)) {
    const start = tokens[0]?.start ?? 0;
    const end = tokens.at(-1)?.end ?? 0;
    const async = asyncToken(tokens);
    if (async) {
      forms.push({
        kind: isWord(tokens[0], "create") ? "create-index-async" : "alter-table-async",
        start,
        end,
      });
      text = blank(text, async.start, async.end);
      continue;
    }
    const action = iamAction(tokens);
    if (!action) continue;
    forms.push({ kind: "iam", start, end, action });
    text = blank(text, start, end);
  }
  return { text, forms };
}

function* statementsOf(sql: string): Generator<Token[]> {
  let statement: Token[] = [];
  for (const token of tokenize(sql)) {
    if (token.kind !== "symbol" || token.text !== ";") statement.push(token);
    else {
      if (statement.length > 0) yield statement;
      statement = [];
    }
  }
  if (statement.length > 0) yield statement;
}

function asyncToken(tokens: readonly Token[]): Token | undefined {
  const words = tokens.slice(0, 4).map((token) => (token.kind === "word" ? token.text : ""));
  if (words[0] === "create" && words[1] === "index" && words[2] === "async") return tokens[2];
  if (words[0] === "create" && words[1] === "unique" && words[2] === "index" && words[3] === "async")
    return tokens[3];
  if (words[0] !== "alter" || words[1] !== "table" || words[2] !== "async") return undefined;
  // A table may be named async: it is DSQL's keyword only if a name and VALIDATE CONSTRAINT follow.
  const rest = tokens
    .slice(3)
    .map((token) => (token.kind === "word" ? token.text : token.kind === "symbol" ? token.text : "name"));
  return /^(?:if exists )?(?:only )?[^ ]+(?: \. [^ ]+)* validate constraint /.test(`${rest.join(" ")} `)
    ? tokens[2]
    : undefined;
}

function iamAction(tokens: readonly Token[]): IamAction | undefined {
  const [aws, iam, verb, role, preposition, arn, ...rest] = tokens;
  if (!isWord(aws, "aws") || !isWord(iam, "iam") || !role || arn?.kind !== "string" || rest.length > 0)
    return undefined;
  if (role.kind !== "word" && role.kind !== "quoted-identifier") return undefined;
  const text = arn.text.slice(1, -1).replaceAll("''", "'");
  if (isWord(verb, "grant") && isWord(preposition, "to"))
    return { kind: "iam-grant", role: role.text, arn: text };
  if (isWord(verb, "revoke") && isWord(preposition, "from"))
    return { kind: "iam-revoke", role: role.text, arn: text };
  return undefined;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text === word;
}

function blank(text: string, start: number, end: number): string {
  return text.slice(0, start) + text.slice(start, end).replace(/[^\n\r]/g, " ") + text.slice(end);
}
