import type { Node } from "libpg-query";
import type { Range } from "../draft.ts";
import { parseNow } from "../sql/parse.ts";
import { as, constant, type NodeBody, names, nodeName, walk } from "../sql/tree.ts";
import { enumValues } from "../types.ts";
import type { Work } from "../work.ts";
import { SESSION_PARAMETERS } from "./settings.ts";

const ADVISORY_LOCK = /^pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared|_all)?$/;
const MISSING =
  /^(?:inet_server_addr|inet_server_port|pg_notify|pg_listening_channels|lo_\w+|lo(?:read|write))$/;
/** Functions of uuid-ossp and pgcrypto, whose CREATE EXTENSION is left out. */
const OF_EXTENSIONS =
  /^(?:uuid_generate_v1|uuid_generate_v1mc|uuid_generate_v3|uuid_generate_v5|uuid_ns_\w+|uuid_nil|crypt|gen_salt|gen_random_bytes|digest|hmac|pgp_\w+|encrypt|decrypt|encrypt_iv|decrypt_iv|armor|dearmor)$/;

/**
 * Judges what stands anywhere in a statement: calls, casts to enums, locking clauses and other parts of queries. With
 * `range`, the tree is of SQL inside a string there, whose own offsets do not refer to the script.
 */
export function judgeExpressions(work: Work, tree: Node, range?: Range): undefined {
  walk(tree, (name, body) => {
    switch (name) {
      case "FuncCall":
        return judgeCall(work, body as NodeBody<"FuncCall">, range);
      case "TypeCast":
        return judgeCast(work, body as NodeBody<"TypeCast">, range);
      case "FunctionParameter":
        return renameEnumType(work, (body as NodeBody<"FunctionParameter">).argType, range);
      case "CreateFunctionStmt":
        return renameEnumType(work, (body as NodeBody<"CreateFunctionStmt">).returnType, range);
      case "LockingClause": {
        const { strength } = body as NodeBody<"LockingClause">;
        if (strength !== "LCS_FORUPDATE" && strength !== "LCS_FORKEYSHARE")
          work.refuse("query-refused", "DSQL has only FOR UPDATE and FOR KEY SHARE.", {
            ...(range && { range }),
            advice: "Use FOR UPDATE or FOR KEY SHARE.",
          });
        return;
      }
      case "RangeTableSample":
        return work.refuse("query-refused", "DSQL does not have TABLESAMPLE.", {
          ...(range && { range }),
          advice: "Filter with WHERE random() < 0.01, or by key ranges.",
        });
      case "JoinExpr":
        return judgeJoin(work, body as NodeBody<"JoinExpr">, range);
      case "SelectStmt":
        if ((body as NodeBody<"SelectStmt">).intoClause)
          work.refuse("query-refused", "DSQL does not have SELECT INTO.", {
            ...(range && { range }),
            advice: "Create the table, then INSERT … SELECT.",
          });
        return;
      case "MergeStmt":
        return work.refuse("unsupported-statement", "DSQL does not have MERGE.", {
          ...(range && { range }),
          advice: "Use INSERT … ON CONFLICT DO UPDATE.",
        });
    }
  });
}

/** Judges the statements in a function's body. */
export function judgeBody(work: Work, text: string, range: Range): undefined {
  for (const statement of parseNow(text) ?? []) {
    const kind = nodeName(statement);
    if (!["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"].includes(kind))
      work.refuse("unsupported-statement", "A DSQL function can contain only queries and changes of rows.", {
        range,
        advice: "Run the statement outside of the function.",
      });
    judgeExpressions(work, statement, range);
  }
}

function judgeCall(work: Work, call: NodeBody<"FuncCall">, inside: Range | undefined): undefined {
  const parts = names(call.funcname);
  const name = parts.at(-1) ?? "";
  if (parts.join(".") === "sys.wait_for_job") return;
  if (
    parts.length > 1 &&
    parts[0] !== "pg_catalog" &&
    !/^uuid_generate_v4$/.test(name) &&
    !OF_EXTENSIONS.test(name)
  )
    return;
  const at = work.at(call.location);
  const token = inside ? undefined : work.tokens[work.tokenFrom(at)];
  const range = inside ?? token;
  const more = { ...(range && { range }) };
  if (name === "uuid_generate_v4" && !inside) {
    let last = work.tokenFrom(at);
    while (work.tokens[last + 1]?.value === ".") last += 2;
    work.edit({ start: at, end: work.tokens[last]?.end ?? at }, "gen_random_uuid");
    work.change("uuid-function", "uuid_generate_v4() becomes gen_random_uuid(), which is built in.");
  } else if (ADVISORY_LOCK.test(name))
    work.refuse("function-refused", `DSQL does not have ${name}().`, {
      ...more,
      advice: "Lock a row of a table of your own with an UPDATE, and retry on 40001.",
    });
  else if (MISSING.test(name) || OF_EXTENSIONS.test(name) || name === "uuid_generate_v4")
    work.refuse("function-refused", `DSQL does not have ${name}().`, more);
  else if (name === "set_config") {
    const parameter = constant(call.args?.[0])?.toLowerCase();
    if (parameter !== undefined && !SESSION_PARAMETERS.has(parameter))
      work.refuse("session-setting-refused", `DSQL does not have the setting ${parameter}.`, {
        ...more,
        advice: "Remove the call.",
      });
  }
}

function judgeCast(work: Work, cast: NodeBody<"TypeCast">, inside: Range | undefined): undefined {
  renameEnumType(work, cast.typeName, inside);
}

/** Replaces the name of an enum that became a CHECK by `text`. */
function renameEnumType(
  work: Work,
  type: NodeBody<"TypeName"> | undefined,
  inside: Range | undefined,
): undefined {
  if (!type || work.options.enums !== "check" || !enumValues(work, type)) return;
  if (inside)
    return work.refuse("enum-refused", "The function's body names an enum.", {
      range: inside,
      advice: "Write text in its place.",
    });
  const first = work.tokenFrom(work.at(type.location));
  let last = first;
  while (work.tokens[last + 1]?.value === "." && work.tokens[last + 2]) last += 2;
  work.edit({ start: work.tokens[first]?.start ?? 0, end: work.tokens[last]?.end ?? 0 }, "text");
  work.change("enum-check", "The enum's values are text.");
}

/** A LEFT JOIN LATERAL whose select list names the outer row fails on DSQL with 42804. */
function judgeJoin(work: Work, join: NodeBody<"JoinExpr">, inside: Range | undefined): undefined {
  const right = as("RangeSubselect", join.rarg);
  const query = as("SelectStmt", right?.subquery);
  if (join.jointype !== "JOIN_LEFT" || !right?.lateral || !query) return;
  const inner = new Set((query.fromClause ?? []).flatMap(namesIn));
  const outer = new Set(join.larg ? namesIn(join.larg) : []);
  walk(query.targetList, (name, body) => {
    if (name !== "ColumnRef") return;
    const table = as("String", (body as NodeBody<"ColumnRef">).fields?.at(-2))?.sval;
    if (table === undefined || inner.has(table) || !outer.has(table)) return;
    work.refuse(
      "query-refused",
      `A LEFT JOIN LATERAL cannot select ${table}'s columns, which are the outer row's.`,
      {
        ...(inside && { range: inside }),
        advice: "Select the outer column outside of the lateral subquery, or use CROSS JOIN LATERAL.",
      },
    );
  });
}

/** The names by which a FROM item can be referred to. */
function namesIn(item: Node): string[] {
  const table = as("RangeVar", item);
  if (table) return [table.alias?.aliasname ?? table.relname ?? ""];
  const query = as("RangeSubselect", item) ?? as("RangeFunction", item);
  if (query) return [query.alias?.aliasname ?? ""];
  const join = as("JoinExpr", item);
  return [...(join?.larg ? namesIn(join.larg) : []), ...(join?.rarg ? namesIn(join.rarg) : [])];
}
