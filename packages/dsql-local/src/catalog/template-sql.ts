import { conflictSupportSql } from "../conflicts/backend-support.ts";
import { CLUSTER_SQL } from "./cluster-sql.ts";
import { CALL_KEY_SQL, PRIVILEGES_SQL } from "./privileges-sql.ts";
import { catalogSetupSql } from "./setup.ts";

/** Everything that a cluster has from the start, in order; run once as the superuser, in the template of all data directories. */
export const TEMPLATE_SQL: readonly string[] = [
  CLUSTER_SQL,
  CALL_KEY_SQL,
  conflictSupportSql,
  catalogSetupSql(),
  PRIVILEGES_SQL,
];
