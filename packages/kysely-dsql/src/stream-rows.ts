import { once } from "node:events";
import type { DsqlPoolClient } from "dsql-core";
import type { CompiledQuery, QueryResult } from "kysely";
import type { Cursor, CursorConstructor } from "./dsql-dialect-config.ts";

/** Reads a query's rows through a cursor, one chunk at a time, and closes the cursor on every path that leaves it open. */
export async function* streamRows<R>(
  client: DsqlPoolClient,
  CursorClass: CursorConstructor | undefined,
  query: CompiledQuery,
  chunkSize: number,
): AsyncGenerator<QueryResult<R>, void> {
  if (CursorClass === undefined) {
    throw new Error(
      "Streaming needs pg-cursor: pass its default export to DsqlDialect as the option `cursor`.",
    );
  }
  if (!Number.isInteger(chunkSize) || chunkSize <= 0) {
    throw new Error("chunkSize must be a positive integer.");
  }
  const stopWatching = new AbortController();
  const connectionEnded = once(client, "end", stopWatching).catch(() => {});
  const cursor: Cursor<R> = submit(client, new CursorClass(query.sql, query.parameters.slice()) as Cursor<R>);
  let isOpen = true;
  try {
    for (;;) {
      const rows = await readChunk(cursor, chunkSize, () => {
        isOpen = false;
      });
      if (rows.length === 0) return;
      yield { rows };
    }
  } finally {
    // A connection that has ended sends no response, and has closed the cursor anyway.
    if (isOpen) await Promise.race([cursor.close(), connectionEnded]);
    stopWatching.abort();
  }
}

/** pg-cursor has already ended its portal when a read fails; closing it would wait for a response that never comes. */
async function readChunk<R>(cursor: Cursor<R>, chunkSize: number, onFailure: () => void): Promise<R[]> {
  try {
    return await cursor.read(chunkSize);
  } catch (error) {
    onFailure();
    throw error;
  }
}

function submit<R>(client: DsqlPoolClient, cursor: Cursor<R>): Cursor<R> {
  return client.query(cursor as never) as unknown as Cursor<R>;
}
