import type {
  CompiledQuery,
  DrainOuterGeneric,
  Expression,
  KyselyPlugin,
  KyselyTypeError,
  QueryCreator,
  QueryExecutor,
  QueryResult,
  SelectQueryBuilder,
  SelectQueryNode,
  Transaction,
} from "kysely";

/** The text is Kysely's own, so that these types can be passed where Kysely's `ReadonlyTransaction` is expected. */
type NotAllowed = KyselyTypeError<"not allowed with a read-only Kysely instance.">;

/** Methods that write: they exist, but cannot be called. */
interface Refused {
  insertInto(...nothing: never[]): NotAllowed;
  replaceInto(...nothing: never[]): NotAllowed;
  updateTable(...nothing: never[]): NotAllowed;
  deleteFrom(...nothing: never[]): NotAllowed;
  mergeInto(...nothing: never[]): NotAllowed;
}

/** The name of a common table expression, or Kysely's builder of one. */
type CteName<N extends string> = N | ((name: (name: N) => never) => unknown);

type CteTable<N extends string> = N extends `${infer Table}(${string})` ? Table : N;

type CteColumns<N extends string> = N extends `${string}(${infer Columns})`
  ? { [Column in Listed<Columns>]: unknown }
  : object;

type Listed<Columns extends string> = Columns extends `${infer First}, ${infer Rest}`
  ? First | Listed<Rest>
  : Columns;

type CteRow<E> =
  E extends Expression<infer Row> ? Row : E extends (creator: never) => Expression<infer Row> ? Row : never;

type Cte<DB, N extends string> =
  | Expression<CteColumns<N>>
  | ((creator: ReadOnlyQueryCreator<DB>) => Expression<CteColumns<N>>);

type RecursiveCte<DB, N extends string> = (
  creator: ReadOnlyQueryCreator<DB & { [Table in CteTable<N>]: { [Column in keyof CteColumns<N>]: never } }>,
) => Expression<CteColumns<N>>;

/** Methods that begin a read query; the `with` and `withRecursive` of a read-only transaction return them too. */
export interface ReadOnlyQueryCreator<DB>
  extends Pick<QueryCreator<DB>, "selectFrom" | "selectNoFrom">,
    Refused {
  with<N extends string, E extends Cte<DB, N>>(
    nameOrBuilder: CteName<N>,
    expression: E,
  ): ReadOnlyQueryCreator<DB & { [Table in CteTable<N>]: CteRow<E> }>;
  withRecursive<N extends string, E extends RecursiveCte<DB, N>>(
    nameOrBuilder: CteName<N>,
    expression: E,
  ): ReadOnlyQueryCreator<DB & { [Table in CteTable<N>]: CteRow<E> }>;
}

/** Methods that return another instance of the same transaction. */
interface Derived<DB> {
  withSchema(schema: string): ReadOnlyTransaction<DB>;
  withPlugin(plugin: KyselyPlugin): ReadOnlyTransaction<DB>;
  withoutPlugins(): ReadOnlyTransaction<DB>;
  // Two signatures each, so that TypeScript finds them assignable to Kysely's: of overloaded methods it compares the results
  // with the type parameters erased, and otherwise fails to infer them.
  withTables<T extends object>(): ReadOnlyTransaction<DrainOuterGeneric<DB & T>>;
  withTables<T extends object>(): ReadOnlyTransaction<DrainOuterGeneric<DB & T>>;
  $extendTables<T extends object>(): ReadOnlyTransaction<DrainOuterGeneric<DB & T>>;
  $extendTables<T extends object>(): ReadOnlyTransaction<DrainOuterGeneric<DB & T>>;
  $omitTables<T extends keyof DB>(): ReadOnlyTransaction<DB extends object ? Omit<DB, T> : DB>;
  $omitTables<T extends keyof DB>(): ReadOnlyTransaction<DB extends object ? Omit<DB, T> : DB>;
  $pickTables<T extends keyof DB>(): ReadOnlyTransaction<DB extends object ? Pick<DB, T> : DB>;
  $pickTables<T extends keyof DB>(): ReadOnlyTransaction<DB extends object ? Pick<DB, T> : DB>;
}

/**
 * A transaction that only reads: methods that write cannot be called, and the server refuses writes in plain SQL. It can be
 * passed where Kysely 0.29 expects its `ReadonlyTransaction`.
 */
export interface ReadOnlyTransaction<DB>
  extends ReadOnlyQueryCreator<DB>,
    Pick<Transaction<DB>, "case" | "dynamic" | "fn" | "introspection" | "isTransaction">,
    // Each version of Kysely has some of these.
    Pick<Derived<DB>, keyof Derived<unknown> & keyof Transaction<unknown>> {
  executeQuery<R>(
    query: SelectQueryBuilder<DB, never, R> | (CompiledQuery<R> & { readonly query: SelectQueryNode }),
  ): Promise<Pick<QueryResult<R>, "rows">>;
  executeQuery(...nothing: never[]): NotAllowed;
  /** For plain SQL, as in sql`select 1`.execute(trx). */
  getExecutor(): QueryExecutor & NotAllowed;
  readonly schema: NotAllowed;
  connection(): never;
  destroy(): never;
  startTransaction(): never;
  transaction(): never;
  /** Not inside a transaction: DSQL cannot nest them. @throws NestedTransactionError */
  transactionWithRetry(): never;
}

/**
 * The parameter type for functions that only read: a Kysely instance, a transaction or a read-only transaction.
 */
export type Reader<DB> = Pick<
  ReadOnlyTransaction<DB>,
  "selectFrom" | "selectNoFrom" | "case" | "dynamic" | "fn"
>;
