import type { Refusal } from "../rules/refusal.ts";

const MAX_STATEMENT_CHARACTERS = 200;

/** The lines that a developer reads when a statement was refused: what DSQL says, which rule, what to write instead. */
export function describeRefusal(refusal: Refusal, source: string): string {
  const statement = source.replace(/\s+/g, " ").trim();
  const shown =
    statement.length > MAX_STATEMENT_CHARACTERS
      ? `${statement.slice(0, MAX_STATEMENT_CHARACTERS)}…`
      : statement;
  const lines = [`refused: ${shown}`, `  ${refusal.sqlstate} ${refusal.message}`, `  rule: ${refusal.rule}`];
  if (refusal.advice) lines.push(`  instead: ${refusal.advice}`);
  if (refusal.documentation) lines.push(`  see: ${refusal.documentation}`);
  return lines.join("\n");
}
