import { checksumOf, type PlannedMigration } from "./migration.ts";
import { type PlanOptions, resolveOptions } from "./options.ts";
import { docsOf, RULES } from "./rules.ts";
import { KnownSchema, keyOf } from "./schema.ts";
import { Script } from "./script.ts";
import { type ParsedScript, parseScript } from "./sql/parse.ts";
import { as } from "./sql/tree.ts";
import { planStatement } from "./statements/kinds.ts";
import type { MigrationPlan, PlanStep } from "./step.ts";
import { nameOf, Work } from "./work.ts";

/** A migration's text, with the name of its file. */
export interface MigrationFile {
  name: string;
  path?: string | undefined;
  sql: string;
}

/**
 * Plans one migration: PostgreSQL's SQL becomes steps, each one statement that DSQL accepts.
 *
 * What DSQL cannot do, and what cannot be made right without a change of meaning, comes back as a problem with advice;
 * then `ok` is false and there are no steps. Nothing is sent anywhere.
 *
 * @throws TypeError, RangeError if an option is invalid.
 */
export async function planMigration(sql: string, options: PlanOptions = {}): Promise<MigrationPlan> {
  if (typeof sql !== "string") throw new TypeError("sql must be a string.");
  const resolved = resolveOptions(options);
  return planScript(sql, await parseScript(sql), resolved, resolved.knownSchema.clone());
}

/**
 * Plans migrations in their order, each with the knowledge of what those before it have made: a foreign key, a backfill
 * by primary key, an enum's values.
 */
export async function planMigrations(
  files: readonly MigrationFile[],
  options: Omit<PlanOptions, "file"> = {},
): Promise<PlannedMigration[]> {
  const schema = (options.knownSchema ?? new KnownSchema()).clone();
  const planned: PlannedMigration[] = [];
  for (const { name, path = name, sql } of files) {
    const resolved = resolveOptions({ ...options, file: path });
    planned.push({
      name,
      checksum: checksumOf(sql),
      plan: planScript(sql, await parseScript(sql), resolved, schema),
    });
  }
  return planned;
}

/** Plans statements or scripts one after the other, each with the knowledge of what those before it have made. */
export function sequentialPlanner(options: PlanOptions = {}): (sql: string) => Promise<MigrationPlan> {
  const resolved = resolveOptions(options);
  const schema = resolved.knownSchema.clone();
  return async (sql) => planScript(sql, await parseScript(sql), resolved, schema);
}

function planScript(
  sql: string,
  parsed: ParsedScript,
  options: ReturnType<typeof resolveOptions>,
  schema: KnownSchema,
): MigrationPlan {
  const script = new Script(sql, parsed, options, schema);
  if (parsed.syntaxError) {
    const { message, offset } = parsed.syntaxError;
    const source = script.location({ start: offset, end: Math.min(offset + 1, sql.length) });
    const { does } = RULES["syntax-error"];
    script.problems.push({
      rule: "syntax-error",
      severity: "error",
      message,
      advice: does,
      docs: docsOf("syntax-error"),
      source,
    });
  }
  for (const { tree } of parsed.statements) {
    const created = as("CreateStmt", tree);
    if (created) script.laterTables.add(keyOf(nameOf(created.relation)));
  }
  for (const statement of parsed.statements) planStatement(new Work(script, statement));
  for (const waiting of script.waiting.values()) for (const step of waiting) step();
  return finish(script);
}

function finish(script: Script): MigrationPlan {
  const problems = script.problems
    .map((problem, order) => ({ problem, order }))
    .sort((a, b) => a.problem.source.offset - b.problem.source.offset || a.order - b.order)
    .map(({ problem }) => problem);
  const ok = problems.every(({ severity }) => severity !== "error");
  if (!ok) return { steps: [], problems, ok };
  const steps = script.drafts.map((draft, index): PlanStep => {
    const { start, end } = draft.statement;
    return {
      index,
      sql: draft.sql(),
      kind: draft.kind,
      source: script.location(draft.statement),
      original: script.text.slice(start, end),
      changes: draft.changes,
      safeToRepeat: draft.safeToRepeat,
      done: draft.done,
      ...(draft.job && { job: draft.job }),
      ...(draft.backfill && { backfill: draft.backfill }),
    };
  });
  return { steps, problems, ok };
}
