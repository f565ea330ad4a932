import type { Range } from "../draft.ts";
import type { Token } from "../sql/lexer.ts";
import { identifier, literal } from "../sql/quote.ts";
import { constant, type NodeBody, names, only, option } from "../sql/tree.ts";
import { builtInName, declaredLength, enumValues, judgeColumnType, SERIAL_TYPES, typeKey } from "../types.ts";
import type { Work } from "../work.ts";

type Constraint = NodeBody<"Constraint">;

/** A constraint of a column, with its attributes (DEFERRABLE and the like). */
export interface ColumnConstraint extends Range {
  constraint: Constraint;
  deferrable: boolean;
}

/** A column's definition: its parts, and where they are. */
export interface ReadColumn extends Range {
  name: string;
  typeRange: Range;
  /** The type after rewriting. */
  type: string;
  builtIn?: string | undefined;
  length?: number | undefined;
  constraints: ColumnConstraint[];
  isSerial: boolean;
  /** The values of its enum, which a CHECK will allow. */
  enum?: { type: string; values: string[] };
  /** Whether its type was changed. */
  isRetyped: boolean;
}

/** Reads a column's definition from `tokens`, and judges and rewrites its type and its clauses. */
export function readColumn(
  work: Work,
  definition: NodeBody<"ColumnDef">,
  tokens: readonly Token[],
): ReadColumn {
  const first = tokens[0] as Token;
  const last = tokens.at(-1) as Token;
  const marks = marksOf(work, definition, tokens);
  const part = (index: number): Range => {
    const start = marks[index]?.start ?? last.end;
    const until = marks[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    return { start, end: tokens.findLast((token) => token.start < until)?.end ?? last.end };
  };
  const typeEnd = tokens.findLast(
    (token) => token.start < (marks[0]?.start ?? Number.POSITIVE_INFINITY),
  ) as Token;
  const typeRange = { start: work.at(definition.typeName?.location), end: typeEnd.end };
  const constraints: ColumnConstraint[] = [];
  marks.forEach(({ kind, constraint }, index) => {
    const range = part(index);
    if (kind === "collate") judgeCollation(work, names(definition.collClause?.collname), range);
    else if (kind === "compression") {
      work.remove(range);
      work.change("column-compression", "COMPRESSION is dropped: DSQL compresses by itself.");
    } else if (constraint?.contype?.startsWith("CONSTR_ATTR_")) {
      const before = constraints.at(-1);
      if (!before) return;
      before.end = range.end;
      if (constraint.contype === "CONSTR_ATTR_DEFERRABLE") before.deferrable = true;
    } else if (constraint) constraints.push({ constraint, deferrable: false, ...range });
  });
  const read: ReadColumn = {
    name: definition.colname ?? "",
    start: first.start,
    end: last.end,
    typeRange,
    type: work.script.text.slice(typeRange.start, typeRange.end),
    constraints,
    isSerial: false,
    isRetyped: false,
  };
  readType(work, definition, read);
  for (const item of constraints) judgeKeyClauses(work, item);
  return read;
}

interface Mark {
  start: number;
  kind: "constraint" | "collate" | "storage" | "compression";
  constraint?: Constraint;
}

/** Where the parts after the type begin. */
function marksOf(work: Work, definition: NodeBody<"ColumnDef">, tokens: readonly Token[]): Mark[] {
  const marks: Mark[] = only("Constraint", definition.constraints).map((constraint) => ({
    start: work.at(constraint.location),
    kind: "constraint",
    constraint,
  }));
  if (definition.collClause) marks.push({ start: work.at(definition.collClause.location), kind: "collate" });
  const before = Math.min(...marks.map(({ start }) => start), Number.POSITIVE_INFINITY);
  for (const token of tokens.slice(2)) {
    if (token.start >= before) break;
    if (token.kind !== "word") continue;
    if (token.value === "storage" && (definition.storage || definition.storage_name))
      marks.push({ start: token.start, kind: "storage" });
    if (token.value === "compression" && definition.compression)
      marks.push({ start: token.start, kind: "compression" });
  }
  return marks.sort((a, b) => a.start - b.start);
}

function readType(work: Work, definition: NodeBody<"ColumnDef">, read: ReadColumn): undefined {
  const type = definition.typeName;
  const name = builtInName(type);
  if (name !== undefined && SERIAL_TYPES.has(name) && !type?.arrayBounds) {
    Object.assign(read, { type: "bigint", builtIn: "int8", isSerial: true, isRetyped: true });
    return;
  }
  const values = type?.arrayBounds ? undefined : enumValues(work, type);
  if (values && work.options.enums === "check") {
    Object.assign(read, {
      type: "text",
      builtIn: "text",
      isRetyped: true,
      enum: { type: typeKey(type), values },
    });
    return;
  }
  read.builtIn = judgeColumnType(work, type, read.typeRange);
  read.length = declaredLength(type);
  const isIdentity = read.constraints.some(({ constraint }) => constraint.contype === "CONSTR_IDENTITY");
  if (isIdentity && read.builtIn !== "int8") {
    work.change(
      "identity-type",
      `Column ${identifier(read.name)} becomes bigint, the only type of an identity column.`,
    );
    Object.assign(read, { type: "bigint", builtIn: "int8", isRetyped: true });
  }
}

/** Drops COLLATE of DSQL's only collation; refuses any other. */
export function judgeCollation(work: Work, collation: readonly string[], range: Range): undefined {
  const name = collation.at(-1) ?? "";
  if (["C", "POSIX", "ucs_basic", "default"].includes(name)) {
    work.remove(range);
    work.change("collation", `COLLATE is dropped: C is the only collation of DSQL.`);
  } else work.refuse("collation-refused", `DSQL does not have the collation ${identifier(name)}.`, { range });
}

/** Judges the clauses of a key: DEFERRABLE is refused, storage is dropped. */
export function judgeKeyClauses(
  work: Work,
  { constraint, deferrable, start, end }: ColumnConstraint,
): undefined {
  const isKey = constraint.contype === "CONSTR_PRIMARY" || constraint.contype === "CONSTR_UNIQUE";
  if (constraint.contype === "CONSTR_EXCLUSION")
    work.refuse("exclusion", "DSQL does not have EXCLUDE constraints.", { range: { start, end } });
  if (!isKey) return;
  if (deferrable || constraint.deferrable)
    work.refuse("deferrable-key", "A key cannot be DEFERRABLE.", { range: { start, end } });
  if (constraint.options?.length) dropKeyClause(work, { start, end }, "with");
  if (constraint.indexspace) dropKeyClause(work, { start, end }, "using");
}

function dropKeyClause(work: Work, { start, end }: Range, keyword: "with" | "using"): undefined {
  const from = work.word(keyword, work.tokenFrom(start));
  const first = work.tokens[from];
  if (!first || first.start >= end) return;
  const last = keyword === "with" ? closing(work.tokens, from + 1) : from + 3;
  work.remove({ start: first.start, end: work.tokens[last]?.end ?? end });
  work.change("key-storage", "The storage clause of the key is dropped: DSQL manages storage itself.");
}

/** The index of the bracket that closes the one at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    const { kind, value } = tokens[index] as Token;
    if (kind !== "symbol") continue;
    if (value === "(" || value === "[") depth++;
    else if (value === ")" || value === "]") {
      depth--;
      if (depth === 0) return index;
    }
  }
  return tokens.length - 1;
}

/** Splits tokens at the commas outside brackets. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === "symbol") {
      if (token.value === "(" || token.value === "[") depth++;
      else if (token.value === ")" || token.value === "]") depth--;
      else if (token.value === "," && depth === 0) {
        parts.push([]);
        continue;
      }
    }
    parts.at(-1)?.push(token);
  }
  return parts;
}

/** The CHECK that allows the values of an enum, without its name. */
export function enumCheck(column: string, values: readonly string[]): string {
  if (values.length === 0) return "CHECK (false)";
  return `CHECK (${identifier(column)} IN (${values.map((value) => literal(value).trim()).join(", ")}))`;
}

/** Gives the options of an identity column or a sequence an explicit CACHE that DSQL takes; `range` holds them. */
export function giveCache(
  work: Work,
  options: NodeBody<"Constraint">["options"],
  range: Range,
  isIdentity: boolean,
): undefined {
  const cache = option(options, "cache");
  const size = Number(constant(cache?.arg));
  if (cache && (size === 1 || size >= 65_536)) return;
  const wanted = work.options.identityCache;
  const what = isIdentity ? "An identity column" : "A sequence";
  if (cache) {
    const at = work.word("cache", work.tokenFrom(work.at(cache.location)));
    const value = work.tokens[at + 1];
    if (value) work.edit(value, String(wanted));
    work.change(
      "identity-cache",
      `${what} must have CACHE 1 or at least 65536 on DSQL: CACHE ${size} becomes CACHE ${wanted}.`,
    );
    return;
  }
  const last = work.tokens[work.tokenFrom(range.end) - 1];
  const end = last?.end ?? range.end;
  if (!isIdentity) work.edit({ start: end, end }, ` CACHE ${wanted}`);
  else if (last?.value === ")" && options?.length)
    work.edit({ start: last.start, end: last.start }, ` CACHE ${wanted}`);
  else work.edit({ start: end, end }, ` (CACHE ${wanted})`);
  work.change("identity-cache", `${what} needs an explicit CACHE on DSQL: CACHE ${wanted}.`);
}
