import type { NodeBody } from "../sql/tree.ts";

type Command = NodeBody<"AlterTableCmd">;

/** Actions that DSQL supports, by PostgreSQL's names of them without AT_. */
export const KNOWN_ACTIONS: ReadonlySet<string> = new Set([
  ...[
    "AddColumn",
    "DropColumn",
    "ColumnDefault",
    "DropNotNull",
    "DropExpression",
    "AddIdentity",
    "SetIdentity",
  ],
  ...["DropIdentity", "SetStorage", "AddConstraint", "DropConstraint", "AlterConstraint", "ChangeOwner"],
  "ValidateConstraint",
]);

/** What PostgreSQL calls an action in messages, if that differs from the words of its name. */
const ACTION_NAMES: Record<string, string> = {
  SetNotNull: "ALTER COLUMN ... SET NOT NULL",
  AlterColumnType: "ALTER COLUMN ... SET DATA TYPE",
  SetStatistics: "ALTER COLUMN ... SET STATISTICS",
  SetCompression: "ALTER COLUMN ... SET COMPRESSION",
  SetOptions: "ALTER COLUMN ... SET",
  ResetOptions: "ALTER COLUMN ... RESET",
  AlterColumnGenericOptions: "ALTER COLUMN ... OPTIONS",
  SetRelOptions: "SET",
  ResetRelOptions: "RESET",
  ReplaceRelOptions: "RESET",
  DropOids: "SET WITHOUT OIDS",
  DropCluster: "SET WITHOUT CLUSTER",
  SetUnLogged: "SET UNLOGGED",
  SetLogged: "SET LOGGED",
  SetTableSpace: "SET TABLESPACE",
  AddInherit: "INHERIT",
  DropInherit: "NO INHERIT",
  AddOf: "OF",
  DropOf: "NOT OF",
  GenericOptions: "OPTIONS",
  EnableTrig: "ENABLE TRIGGER",
  EnableAlwaysTrig: "ENABLE ALWAYS TRIGGER",
  EnableReplicaTrig: "ENABLE REPLICA TRIGGER",
  DisableTrig: "DISABLE TRIGGER",
  EnableTrigAll: "ENABLE TRIGGER ALL",
  DisableTrigAll: "DISABLE TRIGGER ALL",
  EnableTrigUser: "ENABLE TRIGGER USER",
  DisableTrigUser: "DISABLE TRIGGER USER",
};

/** PostgreSQL's name of an action without AT_, e.g. `AddColumn`. */
export function actionOf(command: Command): string {
  return (command.subtype ?? "").replace(/^AT_/, "");
}

/** DSQL's message for an action that it does not support; `text` is the whole statement. */
export function unsupportedAction(command: Command, text: string): string {
  const object = /\balter\s+(table|index|view|sequence)\b/i.exec(text)?.[1] ?? "table";
  const action = actionOf(command);
  const words = ACTION_NAMES[action] ?? action.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
  return `unsupported ALTER ${object.toUpperCase()} ${words} statement`;
}
