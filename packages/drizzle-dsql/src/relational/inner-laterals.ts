import { joinRelationsOf0 } from "./drizzle-0.ts";
import { joinRelationsOf1 } from "./drizzle-1.ts";

/**
 * Makes a dialect use INNER JOIN LATERAL for relations whose select list may name a row outside of them.
 *
 * Aurora DSQL refuses a LEFT JOIN LATERAL whose select list names the outer row: SQLSTATE 42804, "attribute 1 of type … has
 * wrong type" (recorded from a cluster on 2026-09-18, where the same subquery under CROSS or INNER JOIN LATERAL is
 * accepted). What drizzle-orm selects for a relation names only the relation's own rows; `extras`, and in 0.45 the order of
 * a many relation, are the caller's SQL and can name any row in scope. For a subquery that always returns exactly one row,
 * LEFT and INNER JOIN give the same result.
 */
export function useInnerLaterals(dialect: object): void {
  joinRelationsOf0(dialect);
  joinRelationsOf1(dialect);
}
