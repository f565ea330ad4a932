import { splitStatements } from "./split-statements.ts";

/** How a statement changes the session's transaction. */
export type TransactionCommand = "begin" | "commit" | "rollback" | "savepoint";

/** The transaction commands in a SQL text: its only one, or a list with one entry for each statement, undefined for other statements. */
export type TextCommands = TransactionCommand | readonly (TransactionCommand | undefined)[] | undefined;

const COMMAND =
  /^(?:(begin|start\s+transaction)|(commit|end)|(rollback|abort)|(savepoint|release))(?![\w$\u0080-\uffff])(?!\s+prepared)(\s+(?:(?:work|transaction)\s+)?to\s)?/i;

/**
 * Recognises BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT, RELEASE and ROLLBACK TO in any case, behind
 * comments, blanks and semicolons, alone or among other statements (PostgreSQL 16 manual, "SQL Commands").
 */
export function transactionCommands(text: string): TextCommands {
  if (isPlain(text)) return undefined;
  const statements = splitStatements(text);
  if (statements.length === 1) return commandOf(statements[0] as string);
  const commands = statements.map(commandOf);
  return commands.some((command) => command !== undefined) ? commands : undefined;
}

/** The fast path for nearly every text: one statement that begins with another word. */
function isPlain(text: string): boolean {
  const semicolon = text.indexOf(";");
  if (semicolon !== -1 && semicolon < text.length - 1) return false;
  const first = text.charCodeAt(0) | 0x20;
  const second = text.charCodeAt(1) | 0x20;
  switch (first) {
    case 0x73: // s: start, savepoint; not select, set, show
      return second !== 0x74 && second !== 0x61;
    case 0x63: // c: commit; not create, call
      return second !== 0x6f;
    case 0x61: // a: abort; not alter
      return second !== 0x62;
    case 0x62: // b: begin
    case 0x65: // e: end
    case 0x72: // r: rollback, release
      return false;
    default: // any other letter, or an opening parenthesis
      return (first >= 0x61 && first <= 0x7a) || text.startsWith("(");
  }
}

function commandOf(statement: string): TransactionCommand | undefined {
  const [, begin, commit, rollback, savepoint, to] = COMMAND.exec(statement) ?? [];
  if (begin !== undefined) return "begin";
  if (commit !== undefined) return "commit";
  if (rollback !== undefined) return to === undefined ? "rollback" : "savepoint";
  return savepoint === undefined ? undefined : "savepoint";
}
