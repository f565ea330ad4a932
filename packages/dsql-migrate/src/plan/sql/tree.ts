import type { Node } from "libpg-query";

/** The name of a node type of PostgreSQL's parse tree, e.g. `SelectStmt`. */
export type NodeName = Node extends infer N ? (N extends unknown ? keyof N & string : never) : never;

/** The fields of a node of that type. */
export type NodeBody<K extends NodeName> = Extract<Node, Record<K, unknown>>[K];

/** The type of a node, and its fields. */
export function nodeName(node: Node): NodeName {
  for (const name in node) return name as NodeName;
  throw new TypeError("An empty node has no type.");
}

/** The node's fields if it is of that type. */
export function as<K extends NodeName>(name: K, node: Node | undefined): NodeBody<K> | undefined {
  return node && name in node ? (node as unknown as Record<K, NodeBody<K>>)[name] : undefined;
}

/** The nodes of one type in a list. */
export function only<K extends NodeName>(name: K, nodes: readonly Node[] | undefined): NodeBody<K>[] {
  const found: NodeBody<K>[] = [];
  for (const node of nodes ?? []) {
    const body = as(name, node);
    if (body) found.push(body);
  }
  return found;
}

/** The parts of a dotted name. */
export function names(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => as("String", node)?.sval ?? "");
}

/** The value of a constant as text, through casts; undefined for any other expression. */
export function constant(node: Node | undefined): string | undefined {
  if (!node) return undefined;
  const cast = as("TypeCast", node);
  if (cast) return constant(cast.arg);
  const string = as("String", node);
  if (string) return string.sval ?? "";
  const integer = as("Integer", node);
  if (integer) return String(integer.ival ?? 0);
  const float = as("Float", node);
  if (float) return float.fval ?? "";
  const value = as("A_Const", node);
  if (!value) return undefined;
  if (value.sval) return value.sval.sval ?? "";
  if (value.ival) return String(value.ival.ival ?? 0);
  if (value.fval) return value.fval.fval ?? "";
  if (value.boolval) return String(value.boolval.boolval ?? false);
  return undefined;
}

/** Whether an expression is the constant NULL, through casts. */
export function isNullConstant(node: Node | undefined): boolean {
  const cast = as("TypeCast", node);
  if (cast) return isNullConstant(cast.arg);
  return as("A_Const", node)?.isnull === true;
}

/** The option of that name in a list of `DefElem`. */
export function option(options: readonly Node[] | undefined, name: string): NodeBody<"DefElem"> | undefined {
  return only("DefElem", options).find(({ defname }) => defname === name);
}

/** Fields that contain a node without an object around it that names its type. */
const BARE: Record<string, NodeName> = {
  relation: "RangeVar",
  pktable: "RangeVar",
  view: "RangeVar",
  sequence: "RangeVar",
  rel: "RangeVar",
  typeName: "TypeName",
  returnType: "TypeName",
  argType: "TypeName",
  larg: "SelectStmt",
  rarg: "SelectStmt",
  withClause: "WithClause",
  intoClause: "IntoClause",
  into: "IntoClause",
  funccall: "FuncCall",
  func: "FuncCall",
  onConflictClause: "OnConflictClause",
};

/** Calls `visit` for each node of a tree, a parent before its children. */
export function walk(
  root: unknown,
  visit: (name: NodeName, body: Record<string, unknown>, field: string) => void,
  field = "",
): void {
  if (typeof root !== "object" || root === null) return;
  if (Array.isArray(root)) {
    for (const item of root) walk(item, visit, field);
    return;
  }
  let body = root as Record<string, unknown>;
  let name = BARE[field];
  for (const key in body) {
    // The name of a node's type is the only key of the object around it, and the only kind of key with a capital.
    const first = key.charCodeAt(0);
    if (first >= 65 && first <= 90) {
      name = key as NodeName;
      body = body[key] as Record<string, unknown>;
    }
    break;
  }
  if (name) visit(name, body, field);
  for (const key in body) {
    const value = body[key];
    if (typeof value === "object") walk(value, visit, key);
  }
}
