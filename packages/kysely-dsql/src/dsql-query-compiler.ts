import { DsqlConfigError } from "dsql-core";
import {
  type AddColumnNode,
  type AddConstraintNode,
  type AlterColumnNode,
  type ColumnDefinitionNode,
  type CreateIndexNode,
  type CreateTableNode,
  type CreateTypeNode,
  type CreateViewNode,
  DataTypeNode,
  type GeneratedNode,
  type MergeQueryNode,
  OrderByItemNode,
  PostgresQueryCompiler,
  RawNode,
  type RefreshMaterializedViewNode,
  type SelectModifierNode,
} from "kysely";

/** Options of {@link DsqlQueryCompiler}. */
export interface DsqlQueryCompilerOptions {
  /**
   * How many values each session reserves of an identity column: 1, or at least 65536, the sizes that DSQL accepts
   * (Aurora DSQL user guide, "Sequences and identity columns", read 2026-11). With 1 the values have no gaps between sessions
   * and concurrent inserts conflict more often. @default 65536
   */
  identityCache?: number | undefined;
}

const DEFAULT_IDENTITY_CACHE = 65_536;
const SERIAL_TYPES: readonly string[] = ["serial", "bigserial"];
const BIGINT_TYPES: readonly string[] = ["bigint", "int8"];

/**
 * Compiles to PostgreSQL's SQL, with DSQL's indexes and identity columns. What DSQL does not support is refused at compile time,
 * with a `DsqlConfigError` that says what to use instead; plain SQL is sent unchanged.
 */
export class DsqlQueryCompiler extends PostgresQueryCompiler {
  readonly #identityCache: number;

  /** @throws DsqlConfigError for an `identityCache` that DSQL does not accept */
  constructor({ identityCache = DEFAULT_IDENTITY_CACHE }: DsqlQueryCompilerOptions = {}) {
    super();
    if (identityCache !== 1 && !(Number.isSafeInteger(identityCache) && identityCache >= 65_536)) {
      throw new DsqlConfigError(
        `identityCache must be 1 or an integer of at least 65536, not ${identityCache}.`,
      );
    }
    this.#identityCache = identityCache;
  }

  protected override visitCreateIndex(node: CreateIndexNode): void {
    checkIndex(node);
    this.append(`create ${node.unique ? "unique " : ""}index async `);
    if (node.ifNotExists) this.append("if not exists ");
    this.visitNode(node.name);
    if (node.table) {
      this.append(" on ");
      this.visitNode(node.table);
    }
    if (node.columns) {
      this.append(" (");
      this.compileList(node.columns);
      this.append(")");
    }
    if (node.nullsNotDistinct) this.append(" nulls not distinct");
    if (node.where) {
      this.append(" ");
      this.visitNode(node.where);
    }
  }

  protected override visitGenerated(node: GeneratedNode): void {
    super.visitGenerated(node);
    if (node.identity) this.append(` (cache ${this.#identityCache})`);
  }

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    checkColumn(node);
    super.visitColumnDefinition(node);
  }

  protected override visitAddColumn(node: AddColumnNode): void {
    checkAddedColumn(node.column);
    super.visitAddColumn(node);
  }

  protected override visitAlterColumn(node: AlterColumnNode): void {
    checkAlteredColumn(node);
    super.visitAlterColumn(node);
  }

  protected override visitAddConstraint(node: AddConstraintNode): void {
    const [outermost] = this.nodeStack;
    const isNotValid =
      outermost !== undefined &&
      RawNode.is(outermost) &&
      /\bnot\s+valid\b/i.test(outermost.sqlFragments.at(-1) ?? "");
    checkConstraint(node, isNotValid);
    super.visitAddConstraint(node);
  }

  protected override visitCreateTable(node: CreateTableNode): void {
    const table = `table "${node.table.table.identifier.name}"`;
    if (node.temporary) {
      throw new DsqlConfigError(`${table}: Aurora DSQL has no temporary tables. Omit temporary().`);
    }
    if (node.selectQuery) {
      throw new DsqlConfigError(
        `${table}: Aurora DSQL has no CREATE TABLE AS. Create the table with addColumn(…), then fill it with insertInto(…).expression(…).`,
      );
    }
    super.visitCreateTable(node);
  }

  protected override visitCreateView(node: CreateViewNode): void {
    if (node.materialized || node.temporary)
      throw noSuchView(node.materialized ? "materialized" : "temporary");
    super.visitCreateView(node);
  }

  protected override visitRefreshMaterializedView(_: RefreshMaterializedViewNode): void {
    throw noSuchView("materialized");
  }

  protected override visitCreateType(_: CreateTypeNode): void {
    throw new DsqlConfigError(
      "createType: Aurora DSQL has no enums. Use a text column with a check constraint: addCheckConstraint(…) in createTable.",
    );
  }

  protected override visitMergeQuery(_: MergeQueryNode): void {
    throw new DsqlConfigError("mergeInto: Aurora DSQL has no MERGE. Use insertInto(…).onConflict(…).");
  }

  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier === "ForShare" || node.modifier === "ForNoKeyUpdate") {
      const name = node.modifier === "ForShare" ? "forShare" : "forNoKeyUpdate";
      throw new DsqlConfigError(
        `${name}: Aurora DSQL has only FOR UPDATE and FOR KEY SHARE. Use forUpdate() or forKeyShare(); they do not wait: a conflict fails at COMMIT.`,
      );
    }
    super.visitSelectModifier(node);
  }
}

function checkIndex(node: CreateIndexNode): void {
  const index = `index "${node.name.name}"`;
  if (node.using) {
    throw new DsqlConfigError(`${index}: Aurora DSQL has only one index type. Omit using(…).`);
  }
  if (node.columns?.some((column) => OrderByItemNode.is(column) && column.direction !== undefined)) {
    throw new DsqlConfigError(
      `${index}: Aurora DSQL does not support a sort order for index keys, and reads an index in both directions. Omit asc and desc.`,
    );
  }
}

function checkColumn({ column, dataType, generated, identity, autoIncrement }: ColumnDefinitionNode): void {
  const name = nameOf(column);
  const type = DataTypeNode.is(dataType) ? dataType.dataType : undefined;
  const useIdentity = `Use addColumn("${column.column.name}", "bigint", (column) => column.generatedByDefaultAsIdentity()), or a uuid column with the default gen_random_uuid().`;
  if (type !== undefined && SERIAL_TYPES.includes(type)) {
    throw new DsqlConfigError(`${name}: Aurora DSQL has no type ${type}. ${useIdentity}`);
  }
  if (identity || autoIncrement) {
    const method = identity ? "identity()" : "autoIncrement()";
    throw new DsqlConfigError(`${name}: PostgreSQL and Aurora DSQL have no ${method}. ${useIdentity}`);
  }
  if (generated?.identity && type !== undefined && !BIGINT_TYPES.includes(type)) {
    throw new DsqlConfigError(
      `${name}: an identity column of Aurora DSQL must be a bigint, not ${type}. Use addColumn("${column.column.name}", "bigint", …).`,
    );
  }
}

/** Which definitions ALTER TABLE … ADD COLUMN refuses, and what to use instead of each. */
const NOT_IN_ADD_COLUMN = {
  defaultTo:
    "set the default with alterColumn(name, (column) => column.setDefault(…)), in the same alterTable if you like",
  notNull: "add the constraint check (column is not null) with addConstraintNotValid",
  check: "add it with addConstraintNotValid",
  references: "add a foreign key with addConstraintNotValid",
  unique: "build a unique index with createIndex(…).unique()",
  primaryKey: "a primary key can only be defined in createTable",
  generated: "a generated column can only be defined in createTable",
} as const;

function checkAddedColumn(node: ColumnDefinitionNode): void {
  for (const [property, advice] of Object.entries(NOT_IN_ADD_COLUMN)) {
    if (!node[property as keyof typeof NOT_IN_ADD_COLUMN]) continue;
    throw new DsqlConfigError(
      `${nameOf(node.column)}: Aurora DSQL cannot add a column with ${property}(…). Add the column without it; ${advice}.`,
    );
  }
}

function checkAlteredColumn({ column, dataType, setNotNull }: AlterColumnNode): void {
  if (dataType) {
    throw new DsqlConfigError(
      `${nameOf(column)}: Aurora DSQL cannot change the type of a column. Add a new column, copy the values, and drop the old one.`,
    );
  }
  if (setNotNull) {
    throw new DsqlConfigError(
      `${nameOf(column)}: Aurora DSQL has no SET NOT NULL. Add the constraint check (column is not null) with addConstraintNotValid.`,
    );
  }
}

function checkConstraint({ constraint }: AddConstraintNode, isNotValid: boolean): void {
  const name = constraint.name === undefined ? "constraint" : `constraint "${constraint.name.name}"`;
  if (constraint.kind === "PrimaryKeyConstraintNode") {
    throw new DsqlConfigError(
      `${name}: Aurora DSQL accepts a primary key only in createTable, and cannot change it later.`,
    );
  }
  if (constraint.kind === "UniqueConstraintNode") {
    throw new DsqlConfigError(
      `${name}: Aurora DSQL cannot add a unique constraint to an existing table. Build a unique index with createIndex(…).unique().`,
    );
  }
  if (isNotValid) return;
  throw new DsqlConfigError(
    `${name}: Aurora DSQL can add a constraint to an existing table only as NOT VALID. Pass this builder to addConstraintNotValid(db, …) of kysely-dsql, then call validateConstraint.`,
  );
}

function noSuchView(kind: string): DsqlConfigError {
  return new DsqlConfigError(`Aurora DSQL has no ${kind} views. Use a view, or a table that you fill.`);
}

function nameOf(column: ColumnDefinitionNode["column"]): string {
  return `column "${column.column.name}"`;
}
