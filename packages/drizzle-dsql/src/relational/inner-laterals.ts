import { joinRelationsOf0 } from "./drizzle-0.ts";
import { joinRelationsOf1 } from "./drizzle-1.ts";

/**
 * Makes a dialect join by INNER JOIN LATERAL those relations whose select list may name a row outside of them.
 *
 * Aurora DSQL refuses a LEFT JOIN LATERAL whose select list names the outer row: SQLSTATE 42804, "attribute 1 of type … has
 * wrong type" (recorded from a cluster on 2026-09-18, where the same subquery under CROSS or INNER JOIN LATERAL is
 * answered). What drizzle-orm selects for a relation names only the relation's own rows; `extras`, and in 0.45 the order of
 * a many relation, are the caller's SQL and can name any row in scope. A subquery that always yields exactly one row joins
 * alike under LEFT and INNER, so the rows that come back stay the same.
 */
export function useInnerLaterals(dialect: object): void {
  joinRelationsOf0(dialect);
  joinRelationsOf1(dialect);
}
