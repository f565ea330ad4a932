import { deltaSql } from "./delta-sql.ts";
import { markTriggerSql } from "./mark-trigger-sql.ts";
import { tableDefinitionSql } from "./table-definition.ts";
import { tableFactsSql } from "./table-facts.ts";

/** What a cluster's database needs before its first session: run once as superuser. */
export const conflictSupportSql: string = markTriggerSql + deltaSql + tableDefinitionSql + tableFactsSql;
