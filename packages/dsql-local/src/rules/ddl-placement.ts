import type { Refusal } from "./refusal.ts";
import { makeRefusal, type RuleInfo } from "./rule.ts";

const info: RuleInfo = {
  rule: "one-ddl-per-transaction",
  advice:
    "Run each DDL statement (GRANT and REVOKE included) in its own transaction, and change rows in another.",
  page: "transactions",
};

/** A second DDL statement in one transaction; messages from recordings of a cluster. */
export const secondDdl: Refusal = makeRefusal(info, "multiple ddl statements not supported in a transaction");

/** DDL and changed rows in one transaction. */
export const ddlWithDml: Refusal = makeRefusal(info, "ddl and dml are not supported in the same transaction");
