import type { DsqlPool } from "dsql-core";
import { type MigrationParams, Umzug, type UmzugStorage } from "umzug";
import { expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();

/** Keeps the names of finished migrations in a table; one statement each, and so a transaction of its own. */
class TableStorage implements UmzugStorage<DsqlPool> {
  readonly #pool: DsqlPool;

  constructor(pool: DsqlPool) {
    this.#pool = pool;
  }

  async executed(): Promise<string[]> {
    await this.#pool.query("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)");
    const { rows } = await this.#pool.query<{ name: string }>("SELECT name FROM migrations ORDER BY name");
    return rows.map(({ name }) => name);
  }

  async logMigration({ name }: MigrationParams<DsqlPool>): Promise<void> {
    await this.#pool.query("INSERT INTO migrations VALUES ($1)", [name]);
  }

  async unlogMigration({ name }: MigrationParams<DsqlPool>): Promise<void> {
    await this.#pool.query("DELETE FROM migrations WHERE name = $1", [name]);
  }
}

test("Umzug: migrations of one DDL statement each, with their names in a table", async () => {
  const umzug = new Umzug({
    context: cluster.pool,
    storage: new TableStorage(cluster.pool),
    logger: undefined,
    migrations: [
      {
        name: "1-notes",
        up: ({ context }) => context.query("CREATE TABLE notes (id int PRIMARY KEY, text text)"),
        down: ({ context }) => context.query("DROP TABLE notes"),
      },
      {
        name: "2-index",
        up: ({ context }) => context.query("CREATE INDEX ASYNC notes_text ON notes (text)"),
      },
    ],
  });
  expect((await umzug.up()).map(({ name }) => name)).toEqual(["1-notes", "2-index"]);
  expect(await umzug.up()).toEqual([]);
  await umzug.down({ to: 0 });
  expect((await umzug.executed()).length).toBe(0);
});
