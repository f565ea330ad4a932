import type { Node } from "libpg-query";

/** A node type of PostgreSQL's parse tree, e.g. `SelectStmt`. */
export type NodeName = Node extends infer N ? (N extends unknown ? keyof N & string : never) : never;

/** The fields of a node of that type. */
export type NodeBody<K extends NodeName> = Extract<Node, Record<K, unknown>>[K];

/** The statement that a node is in. */
export interface StatementContext {
  /** The statement's text; node locations count its UTF-8 bytes. */
  text: string;
  /** The DSQL syntax that was blanked out in the text, so that PostgreSQL's parser could read it. */
  form?: "create-index-async" | "alter-table-async" | undefined;
}

/** The surroundings of an AST node. */
export interface NodeContext {
  statement: StatementContext;
  /** The parent node, and the field that the node is in; the root has neither. */
  parent?: NodeName | undefined;
  field?: string | undefined;
  /** Names of common table expressions that the node can refer to. */
  ctes: ReadonlySet<string>;
}

type Visit = (name: NodeName, body: Record<string, unknown>, context: NodeContext) => void;

/** Fields whose value is a node's body without an object `{ <type>: body }` around it, and the node's type. */
const INLINE: Record<string, NodeName> = {
  relation: "RangeVar",
  pktable: "RangeVar",
  view: "RangeVar",
  sequence: "RangeVar",
  rel: "RangeVar",
  typevar: "RangeVar",
  typeName: "TypeName",
  returnType: "TypeName",
  argType: "TypeName",
  larg: "SelectStmt",
  rarg: "SelectStmt",
  withClause: "WithClause",
  intoClause: "IntoClause",
  into: "IntoClause",
  partspec: "PartitionSpec",
  funccall: "FuncCall",
  onConflictClause: "OnConflictClause",
  infer: "InferClause",
  objfunc: "ObjectWithArgs",
  func: "FuncCall",
  over: "WindowDef",
  alias: "Alias",
  setstmt: "VariableSetStmt",
};

/** Calls `visit` for each node of a tree, a parent before its children, in the order of the text if the tree preserves it. */
export function walk(root: Node, visit: Visit, statement: StatementContext = { text: "" }): void {
  const { name, body } = open(root);
  enter(name, body, { statement, ctes: new Set() }, visit);
}

function enter(name: NodeName, body: Record<string, unknown>, context: NodeContext, visit: Visit): void {
  visit(name, body, context);
  const { statement } = context;
  const ctes = enterWith(name, body, context, visit);
  for (const field in body) {
    const value = body[field];
    if (typeof value === "object" && field !== "withClause") {
      enterValue(value, { statement, parent: name, field, ctes }, visit);
    }
  }
}

/** Visits a WITH clause, whose names are visible to each later query, and in a recursive one to its own query too. */
function enterWith(
  parent: NodeName,
  body: Record<string, unknown>,
  { statement, ctes: outer }: NodeContext,
  visit: Visit,
): ReadonlySet<string> {
  const clause = body.withClause as NodeBody<"WithClause"> | undefined;
  if (!clause?.ctes) return outer;
  const names = clause.ctes.map((cte) =>
    "CommonTableExpr" in cte ? (cte.CommonTableExpr.ctename ?? "") : "",
  );
  let seen = new Set([...outer, ...(clause.recursive ? names : [])]);
  visit("WithClause", clause as Record<string, unknown>, {
    statement,
    parent,
    field: "withClause",
    ctes: outer,
  });
  clause.ctes.forEach((cte, index) => {
    enterValue(cte, { statement, parent: "WithClause", field: "ctes", ctes: seen }, visit);
    seen = new Set([...seen, names[index] as string]);
  });
  return seen;
}

function enterValue(value: unknown, context: NodeContext, visit: Visit): void {
  if (Array.isArray(value)) {
    for (const item of value) enterValue(item, context, visit);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const inline = INLINE[context.field as string];
  for (const key in value) {
    // A node is an object whose only key is its type; no other key begins with a capital.
    const capital = key.charCodeAt(0);
    if (capital < 65 || capital > 90) break;
    const body = (value as Record<string, unknown>)[key];
    if (typeof body === "object") enter(key as NodeName, body as Record<string, unknown>, context, visit);
    return;
  }
  if (inline) enter(inline, value as Record<string, unknown>, context, visit);
}

/** The type of a node, and its fields. */
export function open(node: Node): { name: NodeName; body: Record<string, unknown> } {
  const [name, body] = Object.entries(node)[0] as [NodeName, Record<string, unknown>];
  return { name, body };
}

/** The text of a `String` node. */
export function stringOf(node: Node | undefined): string {
  return node && "String" in node ? (node.String.sval ?? "") : "";
}

/** The parts of a dotted name. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map(stringOf);
}

/** The value of a constant: its text, whatever its type. */
export function constantOf(node: Node | undefined): string | undefined {
  if (!node) return undefined;
  if ("TypeCast" in node) return constantOf(node.TypeCast.arg);
  if ("String" in node) return node.String.sval ?? "";
  if ("Integer" in node) return String(node.Integer.ival ?? 0);
  if ("Float" in node) return node.Float.fval ?? "";
  if (!("A_Const" in node)) return undefined;
  const { sval, ival, fval, boolval } = node.A_Const;
  if (sval) return sval.sval ?? "";
  if (ival) return String(ival.ival ?? 0);
  if (fval) return fval.fval ?? "";
  if (boolval) return String(boolval.boolval ?? false);
  return undefined;
}
