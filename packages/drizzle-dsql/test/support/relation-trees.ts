import fc from "fast-check";

/** Relations of the library that both versions name alike: table, relation, table. */
const relations = {
  members: { card: "cards", inviter: "members", invited: "members", books: "books" },
  cards: { member: "members" },
  books: { owner: "members", reviews: "reviews" },
  reviews: { book: "books", member: "members" },
} as const;

type TableName = keyof typeof relations;

/** A relation of a query, and the relations in it. */
export interface RelationTree {
  relation: string;
  isMany: boolean;
  /** Selects nothing but the id, its extras and its relations. */
  hasIdOnly: boolean;
  /** Takes only rows whose id is even (0) or odd (1). */
  parity: number | undefined;
  /** Takes only rows that have this relation; drizzle-orm 0.45 cannot say so. */
  needs: string | undefined;
  /** Selects ids of the query's row and of the row around this one, by SQL of its own. */
  hasExtras: boolean;
  isOrdered: boolean;
  limit: number | undefined;
  offset: number | undefined;
  children: RelationTree[];
}

const many = new Set(["invited", "books", "reviews"]);

/** Any relations of a table, each at most once, to a depth. */
export function relationTrees(table: TableName, depth: number): fc.Arbitrary<RelationTree[]> {
  if (depth === 0) return fc.constant([]);
  return fc
    .subarray(Object.entries(relations[table]))
    .chain((chosen) => fc.tuple(...chosen.map(([relation, to]) => relationTree(relation, to, depth))));
}

function relationTree(relation: string, to: TableName, depth: number): fc.Arbitrary<RelationTree> {
  const isMany = many.has(relation);
  const ofMany = <T>(value: fc.Arbitrary<T>) =>
    isMany ? fc.option(value, { nil: undefined }) : fc.constant(undefined);
  return fc.record({
    relation: fc.constant(relation),
    isMany: fc.constant(isMany),
    hasIdOnly: fc.boolean(),
    parity: ofMany(fc.integer({ min: 0, max: 1 })),
    needs: ofMany(fc.constantFrom(...Object.keys(relations[to]))),
    hasExtras: fc.boolean(),
    isOrdered: isMany ? fc.boolean() : fc.constant(false),
    limit: ofMany(fc.integer({ min: 0, max: 2 })),
    offset: ofMany(fc.integer({ min: 0, max: 1 })),
    children: relationTrees(to, depth - 1),
  });
}
