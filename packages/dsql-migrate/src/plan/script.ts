import type { Draft, Range } from "./draft.ts";
import type { ResolvedOptions } from "./options.ts";
import type { KnownSchema } from "./schema.ts";
import type { ParsedScript } from "./sql/parse.ts";
import { lineFinder } from "./sql/positions.ts";
import type { Problem, SourceLocation } from "./step.ts";
import type { TableDraft } from "./table-draft.ts";

/** One text that is being planned: its statements so far as drafts, and what they have made. */
export class Script {
  readonly options: ResolvedOptions;
  readonly text: string;
  readonly toUtf16: (byteOffset: number) => number;
  /** What exists before the current statement. */
  readonly schema: KnownSchema;
  readonly drafts: Draft[] = [];
  readonly problems: Problem[] = [];
  /** Tables that this text creates, which a later statement may still complete. */
  readonly tableDrafts = new Map<string, TableDraft>();
  /** Tables that a later statement of this text creates. */
  readonly laterTables = new Set<string>();
  /** Foreign keys that wait for their table, by its key. */
  readonly waiting = new Map<string, (() => void)[]>();
  /** The open BEGIN: the statements since then that change rows. */
  transaction: { rowChanges: number } | undefined;
  #lineOf: ReturnType<typeof lineFinder> | undefined;

  constructor(sql: string, parsed: ParsedScript, options: ResolvedOptions, schema: KnownSchema) {
    this.text = sql;
    this.toUtf16 = parsed.toUtf16;
    this.options = options;
    this.schema = schema;
  }

  location({ start, end }: Range): SourceLocation {
    this.#lineOf ??= lineFinder(this.text);
    const { line, column } = this.#lineOf(start);
    const { file } = this.options;
    return { ...(file !== undefined && { file }), line, column, offset: start, length: end - start };
  }
}
