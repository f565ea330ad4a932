import { is, type SQLChunk, StringChunk, sql } from "drizzle-orm";
import { chunkText, maySelectOuterRow } from "./selected-sql.ts";

interface Relation {
  /** Whether this is a relation of a query rather than the query itself. */
  nested?: boolean | undefined;
  mode: "first" | "many";
  /** Aliased. */
  table: unknown;
}

/** The method of drizzle-orm 1.0's PgDialect that appends a query, relations included, to a flat list of chunks. */
interface Dialect1 {
  collectRelationalQuery(relation: Relation, chunks: SQLChunk[]): unknown;
}

const LEFT_JOIN = " left join lateral(";
const INNER_JOIN = " inner join lateral(";

/** The part of {@link useInnerLaterals} that knows how drizzle-orm 1.0 builds relational queries. */
export function joinRelationsOf1(dialect: object): void {
  if (!isDialect1(dialect)) return;
  const collect = dialect.collectRelationalQuery;

  dialect.collectRelationalQuery = (relation, chunks) => {
    const opening = chunks.length - 1;
    const selection = collect.call(dialect, relation, chunks);
    if (relation.nested !== true || !maySelectOuterRow(selection, relation.table)) return selection;
    const left = leftJoinAt(chunks, opening);
    if (left === undefined) return selection;
    if (relation.mode === "many") {
      // One aggregate, one row.
      chunks[opening] = sql.raw(`${INNER_JOIN}${left}`);
    } else {
      // A one relation may find no row, and NULL is what LEFT JOIN would give: hence the scalar subquery. LIMIT keeps
      // PostgreSQL from inlining it, whose rows it could then not keep for equal outer rows (Memoize). The caller closes
      // with `) as "t") as …`, so the row that it closes is wrapped once more.
      chunks[opening] = sql.raw(`${INNER_JOIN}select "t"."r" from (select (${left}`);
      chunks.push(sql.raw(`) as "t") as "r" limit 1`));
    }
    return selection;
  };
}

/** The rest of the chunk that opens a relation, after LEFT JOIN LATERAL. */
function leftJoinAt(chunks: readonly SQLChunk[], index: number): string | undefined {
  const chunk = chunks[index];
  if (!is(chunk, StringChunk)) return undefined;
  const text = chunkText(chunk);
  return text.startsWith(LEFT_JOIN) ? text.slice(LEFT_JOIN.length) : undefined;
}

function isDialect1(dialect: object): dialect is Dialect1 {
  return "collectRelationalQuery" in dialect;
}
