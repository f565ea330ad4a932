import type { Adjudicator } from "../../conflicts/adjudicator.ts";
import type { TableDefinition } from "../../conflicts/table-definition.ts";
import type { WriteSet } from "../../conflicts/write-set.ts";
import type { Statement, TableReference } from "../../statements/statement.ts";
import type { BackendTurn } from "../exchange/backend-turn.ts";
import { copyTables, tableOidsSql } from "./sandbox-sql.ts";

/** The copies of tables that a transaction works on which is known to lose. */
export class TableCopies {
  readonly #turn: BackendTurn;
  readonly #adjudicator: Adjudicator;
  /** `schema.table` */
  readonly #copied = new Set<string>();
  /** Names by which statements have meant copied tables. */
  readonly #targets = new Set<string>();

  constructor(turn: BackendTurn, adjudicator: Adjudicator) {
    this.#turn = turn;
    this.#adjudicator = adjudicator;
  }

  has(schema: string, table: string): boolean {
    return this.#copied.has(`${schema}.${table}`);
  }

  clear(): void {
    this.#copied.clear();
    this.#targets.clear();
  }

  /** Copies what a statement writes and what was written before; answers whether that could be done. */
  async include(statement: Statement, writes: WriteSet): Promise<boolean> {
    const targets = statement.tables.filter((table) => table.isTarget);
    const names = ["", ...targets.map(({ schema = "", name }) => `${schema}.${name}`)];
    if (names.every((name) => this.#targets.has(name))) return true;
    const tables = new Map<number, TableDefinition>();
    for (const table of [...writes.tables, ...(await this.#oids(targets))]) {
      for (const definition of await this.#adjudicator.definitions(table)) {
        tables.set(definition.table, definition);
      }
    }
    const missing = [...tables.values()].filter(({ schema, name }) => !this.has(schema, name));
    if (missing.length > 0) {
      const { error } = await copyTables(this.#turn, missing, writes);
      if (error) return false;
    }
    for (const { schema, name } of missing) this.#copied.add(`${schema}.${name}`);
    for (const name of names) this.#targets.add(name);
    return true;
  }

  async #oids(targets: readonly TableReference[]): Promise<number[]> {
    if (targets.length === 0) return [];
    const { rows } = await this.#turn.query(tableOidsSql(targets));
    return (rows[0] ?? []).filter((oid) => oid !== null).map(Number);
  }
}
