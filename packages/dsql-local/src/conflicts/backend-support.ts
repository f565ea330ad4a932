import { deltaSql } from "./delta-sql.ts";
import { markTriggerSql } from "./mark-trigger-sql.ts";
import { tableFactsSql } from "./table-facts.ts";

/** What a cluster's database needs before its first session: run once as superuser, again without harm. */
export const conflictSupportSql = markTriggerSql + deltaSql + tableFactsSql;

/** Settings of the server without which sessions cannot see that they wait. */
export const conflictServerSettings = { log_lock_waits: "on", deadlock_timeout: "1ms", log_min_messages: "fatal" } as const;

/** Settings of each session's own backend. */
export const conflictSessionSettings = { client_min_messages: "log" } as const;
