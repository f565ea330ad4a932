import { deltaSql } from "./delta-sql.ts";
import { markTriggerSql } from "./mark-trigger-sql.ts";
import { tableDefinitionSql } from "./table-definition.ts";
import { tableFactsSql } from "./table-facts.ts";

/** Prepares a cluster's database for its first session; run once as superuser. */
export const conflictSupportSql: string = markTriggerSql + deltaSql + tableDefinitionSql + tableFactsSql;
