import type { Refusal } from "./refusal.ts";
import { makeRefusal, type RuleInfo } from "./rule.ts";

const info: RuleInfo = {
  rule: "one-ddl-per-transaction",
  advice: "Send each DDL statement (GRANT and REVOKE too) in a transaction of its own, and rows in another.",
  page: "transactions",
};

/** A second DDL statement in one transaction; texts from recordings of a cluster. */
export const secondDdl: Refusal = makeRefusal(info, "multiple ddl statements not supported in a transaction");

/** DDL and changed rows in one transaction. */
export const ddlWithDml: Refusal = makeRefusal(info, "ddl and dml are not supported in the same transaction");
