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
  /** Selects ids of the query's row and of the row around this one, by SQL of its own. */
  hasExtras: boolean;
  isOrdered: boolean;
  limit: number | undefined;
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
  return fc.record({
    relation: fc.constant(relation),
    isMany: fc.constant(isMany),
    hasExtras: fc.boolean(),
    isOrdered: isMany ? fc.boolean() : fc.constant(false),
    limit: isMany ? fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }) : fc.constant(undefined),
    children: relationTrees(to, depth - 1),
  });
}
