import type { QualifiedName } from "./sql/quote.ts";

/** A column, as far as the planner needs it. Texts are SQL as written. */
export interface KnownColumn {
  name: string;
  /** The type as DSQL has it. */
  type: string;
  /** The name in pg_type of a built-in type. */
  builtIn?: string | undefined;
  /** Declared length of char and varchar. */
  length?: number | undefined;
  notNull: boolean;
  /** The CHECK that replaces NOT NULL. */
  notNullCheck?: string | undefined;
  default?: string | undefined;
  /** `GENERATED … AS IDENTITY (…)` as written. */
  identity?: string | undefined;
  /** `GENERATED ALWAYS AS (…) STORED` as written. */
  generated?: string | undefined;
  /** The enum whose values a CHECK admits, and that CHECK's name. */
  enum?: { type: string; check: string } | undefined;
}

type ConstraintKind = "primary" | "unique" | "check" | "foreign";

/** A table's constraint; `definition` is what follows its name, e.g. `CHECK (price > 0)`. */
export interface KnownConstraint {
  name: string;
  kind: ConstraintKind;
  columns: string[];
  definition: string;
  references?: QualifiedName;
}

/** An index that belongs to no constraint; `definition` is what follows the table's name, e.g. `(a, b) WHERE c`. */
export interface KnownIndex {
  name: string;
  unique: boolean;
  columns: string[];
  definition: string;
}

/** A table that a migration made. */
export interface KnownTable {
  name: QualifiedName;
  columns: Map<string, KnownColumn>;
  constraints: Map<string, KnownConstraint>;
  indexes: Map<string, KnownIndex>;
  /** Whether all of it is known, so that it can be recreated. */
  complete: boolean;
}

/** What migrations have made so far: tables, enums and domains. Names without a schema are in `public`. */
export class KnownSchema {
  readonly tables = new Map<string, KnownTable>();
  /** The values of each enum, by its key. */
  readonly enums = new Map<string, string[]>();
  /** The built-in type below each domain, by its key. */
  readonly domains = new Map<string, string | undefined>();
  /** The tables that each view reads, by the view's key. */
  readonly views = new Map<string, string[]>();

  table(name: QualifiedName): KnownTable | undefined {
    return this.tables.get(keyOf(name));
  }

  /** The primary key's columns, if they are known. */
  primaryKey(name: QualifiedName): string[] | undefined {
    for (const constraint of this.table(name)?.constraints.values() ?? [])
      if (constraint.kind === "primary") return constraint.columns;
    return undefined;
  }

  /** A copy that can be changed without changing this one. */
  clone(): KnownSchema {
    const copy = new KnownSchema();
    for (const [key, table] of this.tables) {
      copy.tables.set(key, {
        ...table,
        columns: new Map([...table.columns].map(([name, column]) => [name, { ...column }])),
        constraints: new Map([...table.constraints].map(([name, constraint]) => [name, { ...constraint }])),
        indexes: new Map([...table.indexes].map(([name, index]) => [name, { ...index }])),
      });
    }
    for (const [key, values] of this.enums) copy.enums.set(key, [...values]);
    for (const [key, base] of this.domains) copy.domains.set(key, base);
    for (const [key, tables] of this.views) copy.views.set(key, [...tables]);
    return copy;
  }
}

/** The name under which the planner keeps an object. */
export function keyOf({ schema = "public", name }: QualifiedName): string {
  return `${schema}.${name}`;
}
