import { splitStatements } from "./split-statements.ts";

/** How a statement changes the session's transaction. */
export type TransactionCommand = "begin" | "commit" | "rollback" | "savepoint";

/**
 * The transaction commands in a SQL text: its only statement, or a list with one entry for each statement, undefined for
 * other statements.
 */
export type TextCommands = TransactionCommand | readonly (TransactionCommand | undefined)[] | undefined;

const COMMAND =
  /^(?:(begin|start\s+transaction)|(commit|end)|(rollback|abort)|savepoint|release)(?![\w$\u0080-\uffff])(?!\s+prepared)(\s+(?:(?:work|transaction)\s+)?to\s)?/i;

/** How nearly every text begins. Without a semicolon, such a text contains no transaction command and need not be split. */
const PLAIN = /^(?:select|insert|update|delete|with)/i;

/**
 * Recognises BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT, RELEASE and ROLLBACK TO in upper or lower
 * case, after comments, whitespace and semicolons, alone or among other statements (PostgreSQL 16 manual, "SQL Commands").
 */
export function transactionCommands(text: string): TextCommands {
  if (PLAIN.test(text) && !text.includes(";")) return undefined;
  const statements = splitStatements(text);
  if (statements.length === 1) return commandOf(statements[0] as string);
  const commands = statements.map(commandOf);
  return commands.some((command) => command !== undefined) ? commands : undefined;
}

function commandOf(statement: string): TransactionCommand | undefined {
  const command = COMMAND.exec(statement);
  if (command === null) return undefined;
  const [, begin, commit, rollback, to] = command;
  if (begin !== undefined) return "begin";
  if (commit !== undefined) return "commit";
  return rollback !== undefined && to === undefined ? "rollback" : "savepoint";
}
