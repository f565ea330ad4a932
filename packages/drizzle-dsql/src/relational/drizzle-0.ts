import { is, One, type SQL, Subquery, sql } from "drizzle-orm";
import { maySelectOuterRow } from "./selected-sql.ts";

interface Relation {
  /** Undefined for the query itself. */
  nestedQueryRelation?: unknown;
  queryConfig: true | { orderBy?: unknown };
}

interface Built {
  sql: SQL;
  selection: unknown;
}

interface Join {
  table: unknown;
  joinType: string;
  lateral?: boolean | undefined;
}

/** The two methods of drizzle-orm 0.45's PgDialect that build a relation and join it to its parent. */
interface Dialect0 {
  buildRelationalQueryWithoutPK(query: Relation): Built;
  buildJoins(joins: readonly Join[] | undefined): SQL | undefined;
}

/** The part of {@link useInnerLaterals} that knows how drizzle-orm 0.45 builds relational queries. */
export function joinRelationsOf0(dialect: object): void {
  if (!isDialect0(dialect)) return;
  const buildRelation = dialect.buildRelationalQueryWithoutPK;
  const buildJoins = dialect.buildJoins;
  const oneRowEach = new WeakSet<SQL>();

  dialect.buildRelationalQueryWithoutPK = (query) => {
    const built = buildRelation.call(dialect, query);
    if (!mayNameOuterRow(query, built.selection)) return built;
    // A many relation is one aggregate, one row; a one relation may find no row, and LEFT JOIN would return NULL. LIMIT
    // prevents PostgreSQL from inlining the subquery, whose rows it could then not cache for equal outer rows (Memoize).
    const oneRow = is(query.nestedQueryRelation, One)
      ? sql`select (${built.sql}) as "data" limit 1`
      : built.sql;
    oneRowEach.add(oneRow);
    return { ...built, sql: oneRow };
  };

  dialect.buildJoins = (joins) => buildJoins.call(dialect, joins?.map(inner));

  function inner(join: Join): Join {
    const joinsOneRow = join.lateral === true && is(join.table, Subquery) && oneRowEach.has(join.table._.sql);
    return joinsOneRow ? { ...join, joinType: "inner" } : join;
  }
}

function mayNameOuterRow({ nestedQueryRelation, queryConfig }: Relation, selection: unknown): boolean {
  if (nestedQueryRelation === undefined) return false;
  // The order of a many relation is part of its aggregate, and so of its select list.
  const isOrdered = queryConfig !== true && queryConfig.orderBy !== undefined;
  return maySelectOuterRow(selection) || (isOrdered && !is(nestedQueryRelation, One));
}

function isDialect0(dialect: object): dialect is Dialect0 {
  return "buildRelationalQueryWithoutPK" in dialect && "buildJoins" in dialect;
}
