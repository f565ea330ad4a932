import { getTableName, type Table } from "drizzle-orm";
import { Cache, type MutationOption } from "drizzle-orm/cache/core";

/**
 * The cache as a transaction sees it: always empty, and it collects what the transaction changes.
 *
 * A transaction reads its own snapshot and its own writes: rows of an earlier attempt are out of date for it, and others must not
 * see its rows before COMMIT.
 */
export class TransactionCache extends Cache {
  readonly #cache: Cache;
  readonly #tables = new Set<Table | string>();
  readonly #tags = new Set<string>();

  constructor(cache: Cache) {
    super();
    this.#cache = cache;
  }

  override strategy(): "explicit" {
    return "explicit";
  }

  override async get(): Promise<undefined> {}

  override async put(): Promise<void> {}

  override async onMutate({ tables, tags }: MutationOption): Promise<void> {
    for (const table of [tables ?? []].flat()) this.#tables.add(table);
    for (const tag of [tags ?? []].flat()) this.#tags.add(tag);
  }

  /**
   * Removes from the real cache what has changed. A commit stays a commit, so a cache that fails is reported as a process
   * warning with the code `DSQL_CACHE_NOT_INVALIDATED`.
   */
  async invalidate(): Promise<void> {
    const tables = [...this.#tables] as string[];
    const tags = [...this.#tags];
    if (tables.length === 0 && tags.length === 0) return;
    try {
      await this.#cache.onMutate({ ...(tables.length > 0 && { tables }), ...(tags.length > 0 && { tags }) });
    } catch (error) {
      process.emitWarning(notInvalidated([...this.#tables].map(nameOf).concat(tags), error), {
        type: "DsqlWarning",
        code: "DSQL_CACHE_NOT_INVALIDATED",
      });
    }
  }
}

function notInvalidated(names: readonly string[], error: unknown): string {
  return `A transaction was committed, but the cache could not be invalidated and may hold outdated rows of ${names.join(", ")}: ${error}. Call db.$cache.invalidate() for them.`;
}

function nameOf(table: Table | string): string {
  return typeof table === "string" ? table : getTableName(table);
}
