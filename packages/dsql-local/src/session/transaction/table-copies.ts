import { parseDefinitions, type TableDefinition } from "../../conflicts/table-definition.ts";
import type { WriteSet } from "../../conflicts/write-set.ts";
import type { Statement, TableReference } from "../../statements/statement.ts";
import type { ErrorFields } from "../../wire/error-fields.ts";
import type { BackendTurn } from "../exchange/backend-turn.ts";
import { isTransient } from "../exchange/problems.ts";
import { MAX_RUNS } from "../exchange/work.ts";
import { copyTables, tableOidsSql } from "./copy-tables.ts";

/** The copies of tables on which a transaction that is known to lose continues. */
export class TableCopies {
  readonly #turn: BackendTurn;
  readonly #known: () => Map<number, readonly TableDefinition[]> | undefined;
  /** `schema.table` */
  readonly #copied = new Set<string>();
  /** Names by which statements have referred to copied tables. */
  readonly #targets = new Set<string>();

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
  }

  /** Copies the tables that a statement writes, and those that were written before. */
  async include(statement: Statement, writes: WriteSet): Promise<"copied" | "nothing to copy" | "failed"> {
    const targets = statement.tables.filter((table) => table.isTarget);
    const names = ["", ...targets.map(({ schema = "", name }) => `${schema}.${name}`)];
    if (names.every((name) => this.#targets.has(name))) return "nothing to copy";
    for (let attempt = 1; ; attempt++) {
      await this.#turn.query("SAVEPOINT dsql_local_copies");
      const copied = await this.#copy(targets, writes);
      if (!("error" in copied)) {
        await this.#turn.query("RELEASE SAVEPOINT dsql_local_copies");
        for (const { schema, name } of copied.tables) this.#copied.add(`${schema}.${name}`);
        for (const name of names) this.#targets.add(name);
        return copied.tables.length > 0 ? "copied" : "nothing to copy";
      }
      await this.#turn.query("ROLLBACK TO SAVEPOINT dsql_local_copies;RELEASE SAVEPOINT dsql_local_copies");
      if (!isTransient(copied.error) || attempt >= MAX_RUNS) return "failed";
    }
  }

  async #copy(
    targets: readonly TableReference[],
    writes: WriteSet,
  ): Promise<{ tables: TableDefinition[] } | { error: ErrorFields }> {
    const oids = [...writes.tables];
    if (targets.length > 0) {
      const { rows, error } = await this.#turn.query(tableOidsSql(targets));
      if (error) return { error };
      oids.push(...(rows[0] ?? []).filter((oid) => oid !== null).map(Number));
    }
    const tables = new Map<number, TableDefinition>();
    for (const oid of new Set(oids)) {
      if (tables.has(oid)) continue;
      const known = this.#known();
      let definitions = known?.get(oid);
      if (!definitions) {
        const { rows, error } = await this.#turn.call("dsql_local_definitions", [String(oid)]);
        if (error) return { error };
        definitions = parseDefinitions(rows[0]?.[0]);
        known?.set(oid, definitions);
      }
      for (const definition of definitions) tables.set(definition.table, definition);
    }
    const missing = [...tables.values()].filter(({ schema, name }) => !this.has(schema, name));
    if (missing.length > 0) {
      const { error } = await copyTables(this.#turn, missing, writes);
      if (error) return { error };
    }
    return { tables: missing };
  }
}
