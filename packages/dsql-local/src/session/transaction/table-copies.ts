import { parseDefinitions, type TableDefinition } from "../../conflicts/table-definition.ts";
import type { WriteSet } from "../../conflicts/write-set.ts";
import type { Statement, TableReference } from "../../statements/statement.ts";
import type { ErrorFields } from "../../wire/error-fields.ts";
import type { BackendTurn } from "../exchange/backend-turn.ts";
import { isTransient } from "../exchange/problems.ts";
import { MAX_RUNS } from "../exchange/work.ts";
import { copyTables, MIN_BYTES_IN_PLACE, tablesSql } from "./copy-tables.ts";

/** What was done for a statement. */
export interface Inclusion {
  hasCopied: boolean;
  /** Whether the statement has to run on the table itself, which was not copied. */
  isInPlace: boolean;
}

/** The copies of tables on which a transaction that is known to lose continues. */
export class TableCopies {
  readonly #turn: BackendTurn;
  readonly #known: () => Map<number, readonly TableDefinition[]> | undefined;
  /** `schema.table` */
  readonly #copied = new Set<string>();
  /** Names by which statements have referred to copied tables; an empty one once the tables written before are copied. */
  readonly #targets = new Set<string>();
  /** Names of tables that are not copied and take INSERTs themselves. */
  readonly #inPlace = new Set<string>();

  /** @param known returns the definitions that transactions share, to be used and added to; undefined if they are outdated. */
  constructor(turn: BackendTurn, known: () => Map<number, readonly TableDefinition[]> | undefined) {
    this.#turn = turn;
    this.#known = known;
  }

  has(schema: string, table: string): boolean {
    return this.#copied.has(`${schema}.${table}`);
  }

  clear(): void {
    this.#copied.clear();
    this.#targets.clear();
    this.#inPlace.clear();
  }

  /**
   * Copies the tables that a statement writes, and those that were written before.
   * @param mayStay whether an INSERT may run on the table itself, if that is large and not linked to a copy by foreign keys
   * @returns undefined if that failed.
   */
  async include(statement: Statement, writes: WriteSet, mayStay: boolean): Promise<Inclusion | undefined> {
    const targets = statement.tables.filter((table) => table.isTarget);
    const names = targets.map(({ schema = "", name }) => `${schema}.${name}`);
    if (["", ...names].every((name) => this.#targets.has(name)))
      return { hasCopied: false, isInPlace: false };
    const isInsert = mayStay && isPlainInsert(statement);
    if (isInsert && names.every((name) => this.#inPlace.has(name)))
      return { hasCopied: false, isInPlace: true };
    for (let attempt = 1; ; attempt++) {
      await this.#turn.query("SAVEPOINT dsql_local_copies");
      const included = await this.#copy(targets, writes, isInsert);
      if (!("error" in included)) {
        await this.#turn.query("RELEASE SAVEPOINT dsql_local_copies");
        const { tables, isInPlace } = included;
        for (const { schema, name } of tables) this.#copied.add(`${schema}.${name}`);
        this.#targets.add("");
        if (!isInPlace) this.#inPlace.clear();
        for (const name of names) (isInPlace ? this.#inPlace : this.#targets).add(name);
        return { hasCopied: tables.length > 0, isInPlace };
      }
      await this.#turn.query("ROLLBACK TO SAVEPOINT dsql_local_copies;RELEASE SAVEPOINT dsql_local_copies");
      if (!isTransient(included.error) || attempt >= MAX_RUNS) return undefined;
    }
  }

  async #copy(
    targets: readonly TableReference[],
    writes: WriteSet,
    isInsert: boolean,
  ): Promise<{ tables: TableDefinition[]; isInPlace: boolean } | { error: ErrorFields }> {
    const tables = new Map<number, TableDefinition>();
    let isInPlace = false;
    const aims = writes.tables.map((oid) => ({ oid, mayStay: false }));
    if (targets.length > 0) {
      const { rows, error } = await this.#turn.query(tablesSql(targets));
      if (error) return { error };
      for (const [oid, bytes] of rows)
        aims.push({ oid: Number(oid), mayStay: isInsert && Number(bytes) >= MIN_BYTES_IN_PLACE });
    }
    for (const { oid, mayStay } of aims) {
      if (tables.has(oid)) continue;
      const linked = await this.#definitions(oid);
      if ("error" in linked) return linked;
      const isApart = linked.every(
        ({ table, schema, name }) => !tables.has(table) && !this.has(schema, name),
      );
      if (mayStay && isApart) isInPlace = true;
      else for (const definition of linked) tables.set(definition.table, definition);
    }
    const missing = [...tables.values()].filter(({ schema, name }) => !this.has(schema, name));
    if (missing.length > 0) {
      const { error } = await copyTables(this.#turn, missing, writes);
      if (error) return { error };
    }
    return { tables: missing, isInPlace };
  }

  /** The definitions of a table and of those that foreign keys link to it. */
  async #definitions(table: number): Promise<readonly TableDefinition[] | { error: ErrorFields }> {
    const known = this.#known();
    const cached = known?.get(table);
    if (cached) return cached;
    const { rows, error } = await this.#turn.call("dsql_local_definitions", [String(table)]);
    if (error) return { error };
    const definitions = parseDefinitions(rows[0]?.[0]);
    known?.set(table, definitions);
    return definitions;
  }
}

/** Whether a statement does nothing but add rows to one table, so that it needs no lock on a row that exists. */
function isPlainInsert({ tree, tables }: Statement): boolean {
  const insert = (tree as { InsertStmt?: { onConflictClause?: object; withClause?: object } } | undefined)
    ?.InsertStmt;
  if (!insert || insert.onConflictClause || insert.withClause) return false;
  return tables.filter(({ isTarget }) => isTarget).length === 1;
}
