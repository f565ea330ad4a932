import type { Node } from "libpg-query";
import type { Draft, Range, StepFacts } from "./draft.ts";
import { docsOf, RULES, type RuleId } from "./rules.ts";
import type { Script } from "./script.ts";
import { applyEdits, type Edit } from "./sql/edits.ts";
import { type Token, tokenize } from "./sql/lexer.ts";
import type { ParsedStatement } from "./sql/parse.ts";
import type { QualifiedName } from "./sql/quote.ts";
import { type NodeBody, walk } from "./sql/tree.ts";
import type { Change, Severity } from "./step.ts";

/** The planner's work on one statement: what it reads, changes and reports. */
export class Work {
  readonly script: Script;
  readonly statement: ParsedStatement;
  readonly edits: Edit[] = [];
  readonly changes: Change[] = [];
  #tokens: Token[] | undefined;

  constructor(script: Script, statement: ParsedStatement) {
    this.script = script;
    this.statement = statement;
  }

  get options() {
    return this.script.options;
  }

  get schema() {
    return this.script.schema;
  }

  /** The statement's tokens, without a closing semicolon. */
  get tokens(): readonly Token[] {
    this.#tokens ??= tokenize(this.script.text, this.statement.start, this.statement.end);
    return this.#tokens;
  }

  /** Turns one of the parser's offsets into one of the text. */
  at(location: number | undefined): number {
    return this.script.toUtf16(location ?? 0);
  }

  /** The index of the first token that begins at or after an offset. */
  tokenFrom(offset: number): number {
    let low = 0;
    let high = this.tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.tokens[middle] as Token).start < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first token from `from` on that is this word. */
  word(value: string, from = 0): number {
    return this.tokens.findIndex(
      (token, index) => index >= from && token.kind === "word" && token.value === value,
    );
  }

  /** The text of a range, as it stands with the edits made so far. */
  text({ start, end }: Range): string {
    return applyEdits(
      this.script.text,
      start,
      end,
      this.edits.filter((edit) => edit.start >= start && edit.end <= end),
    );
  }

  edit(range: Range, text: string): void {
    this.edits.push({ start: range.start, end: range.end, text });
  }

  /** Removes a range, and the white space before it. */
  remove({ start, end }: Range): undefined {
    const before = this.tokens[this.tokenFrom(start) - 1]?.end ?? this.statement.start;
    const gap = this.script.text.slice(before, start);
    // A comment to the end of a line must not swallow what follows.
    const from = gap.includes("--") ? start : before + gap.trimEnd().length;
    this.edits.push({ start: from, end, text: "" });
  }

  /** Records a change of the statement; the same sentence is recorded once. */
  change(rule: RuleId, message: string): void {
    addChange(this.changes, rule, message);
  }

  /** Reports an error, which keeps the plan from being applied. */
  refuse(rule: RuleId, message: string, more: { advice?: string; range?: Range } = {}): undefined {
    this.problem("error", rule, message, more);
  }

  /** Reports a warning, for a person to read before the plan runs. */
  warn(rule: RuleId, message: string, more: { advice?: string; range?: Range } = {}): undefined {
    this.problem("warning", rule, message, more);
  }

  /** Reports that the statement makes no step. */
  leaveOut(rule: RuleId, message: string, range?: Range): undefined {
    this.problem("info", rule, message, { ...(range && { range }) });
  }

  problem(
    severity: Severity,
    rule: RuleId,
    message: string,
    { advice, range }: { advice?: string; range?: Range },
  ): undefined {
    this.script.problems.push({
      rule,
      severity,
      message,
      advice: advice ?? RULES[rule].does,
      docs: docsOf(rule),
      source: this.script.location(range ?? this.statement),
    });
  }

  /** Makes a step of the statement with its edits. */
  step(facts: StepFacts): Draft {
    const { start, end } = this.statement;
    return this.add(() => applyEdits(this.script.text, start, end, this.edits), this.changes, facts);
  }

  /** Makes a step of other SQL. */
  extraStep(sql: string, facts: StepFacts, ...changes: [RuleId, string][]): Draft {
    const list: Change[] = [];
    for (const [rule, message] of changes) addChange(list, rule, message);
    return this.add(() => sql, list, facts);
  }

  private add(sql: () => string, changes: Change[], facts: StepFacts): Draft {
    const draft: Draft = {
      statement: this.statement,
      sql,
      changes,
      safeToRepeat: facts.safeToRepeat ?? facts.done.kind === "repeatable",
      ...facts,
    };
    this.script.drafts.push(draft);
    return draft;
  }
}

/** Adds a change to a list unless it is there. */
export function addChange(list: Change[], rule: RuleId, message: string): void {
  if (!list.some((change) => change.rule === rule && change.message === message))
    list.push({ rule, message, docs: docsOf(rule) });
}

/** The name of a table, view or sequence. */
export function nameOf(relation: NodeBody<"RangeVar"> | undefined): QualifiedName {
  return { ...(relation?.schemaname && { schema: relation.schemaname }), name: relation?.relname ?? "" };
}

/** The names of columns that an expression refers to. */
export function columnsIn(expression: Node | undefined): Set<string> {
  const found = new Set<string>();
  walk(expression, (name, body) => {
    if (name !== "ColumnRef") return;
    const last = (body as NodeBody<"ColumnRef">).fields?.at(-1);
    if (last && "String" in last && last.String.sval) found.add(last.String.sval);
  });
  return found;
}
