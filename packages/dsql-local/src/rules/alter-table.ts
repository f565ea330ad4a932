import type { NodeBody, StatementContext } from "../sql/tree.ts";
import { actionOf, KNOWN_ACTIONS, unsupportedAction } from "./alter-table-actions.ts";
import { constraintsOf, identityCacheObjection } from "./columns.ts";
import { type Objection, type Rule, type RuleInfo, rule } from "./rule.ts";
import { changesToUnsupportedCache, NO_CACHE } from "./sequences.ts";

type Command = NodeBody<"AlterTableCmd">;

/** The rule for an action that DSQL does not support, or not in every form. */
function unsupportedWhere(
  advice: string,
  concerns: (command: Command, statement: StatementContext) => boolean,
): Rule {
  const info: RuleInfo = { rule: "alter-table-action", advice, page: "alterTable" };
  return rule(
    "AlterTableCmd",
    info,
    (command, { statement }) => concerns(command, statement) && unsupportedAction(command, statement.text),
  );
}

const identity: RuleInfo = {
  rule: "identity-column",
  advice: "Write ADD GENERATED … AS IDENTITY (CACHE 1), or CACHE 65536.",
  page: "identity",
};

const newColumn: RuleInfo = {
  rule: "add-column-constraint",
  advice: "Add the bare column, then SET DEFAULT and ADD CONSTRAINT … NOT VALID in separate statements.",
  page: "alterTable",
};

/** Rules on the actions of ALTER TABLE, and of ALTER INDEX and ALTER VIEW that share its grammar. */
export const alterTableRules: readonly Rule[] = [
  unsupportedWhere(
    "Add CHECK (c IS NOT NULL) NOT VALID, then ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
    (command) => actionOf(command) === "SetNotNull",
  ),
  unsupportedWhere(
    "Add a column of the new type, copy the values in batches, drop the old one and rename.",
    (command) => actionOf(command) === "AlterColumnType",
  ),
  unsupportedWhere(
    "Use ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
    (command, { form }) => actionOf(command) === "ValidateConstraint" && form !== "alter-table-async",
  ),
  unsupportedWhere(
    "Add CHECK and FOREIGN KEY as NOT VALID and validate them later; add UNIQUE with USING INDEX and a valid unique index.",
    (command) => actionOf(command) === "AddConstraint" && !isAddable(constraintOf(command)),
  ),
  unsupportedWhere(
    "Leave it out, or create a new table and copy the rows.",
    (command, { text }) => !KNOWN_ACTIONS.has(actionOf(command)) && !/^\s*alter\s+view\b/i.test(text),
  ),
  rule("AlterTableCmd", newColumn, (command): Objection => {
    if (actionOf(command) !== "AddColumn" || !command.def || !("ColumnDef" in command.def)) return undefined;
    const constraints = constraintsOf(command.def.ColumnDef);
    const isBare = constraints.every(({ contype }) => contype === "CONSTR_NULL");
    return !isBare && "ALTER TABLE ADD COLUMN with constraint not supported";
  }),
  rule(
    "AlterTableCmd",
    identity,
    (command) =>
      actionOf(command) === "AddIdentity" && identityCacheObjection(constraintOf(command)?.options),
  ),
  rule(
    "AlterTableCmd",
    identity,
    (command) =>
      actionOf(command) === "SetIdentity" &&
      changesToUnsupportedCache(command.def && "List" in command.def ? command.def.List.items : undefined) &&
      `identity column ${NO_CACHE}`,
  ),
  rule(
    "AlterDomainStmt",
    {
      rule: "alter-domain",
      advice: "Create a new domain, or use a CHECK constraint on the table.",
      page: "supportedSql",
    },
    (s) => {
      if (s.subtype === "C") return "unsupported ALTER DOMAIN ADD CONSTRAINT statement";
      return s.subtype === "O" && "unsupported ALTER DOMAIN SET NOT NULL statement";
    },
  ),
];

/** The constraint that an action adds. */
function constraintOf(command: Command): NodeBody<"Constraint"> | undefined {
  return command.def && "Constraint" in command.def ? command.def.Constraint : undefined;
}

function isAddable(constraint: NodeBody<"Constraint"> | undefined): boolean {
  if (constraint?.contype === "CONSTR_UNIQUE") return constraint.indexname !== undefined;
  const isCheckOrForeign = constraint?.contype === "CONSTR_CHECK" || constraint?.contype === "CONSTR_FOREIGN";
  return isCheckOrForeign && constraint.skip_validation === true;
}
