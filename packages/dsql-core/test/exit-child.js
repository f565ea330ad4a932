// With allowExitOnIdle: runs a slow statement on an idle connection, which must keep the process alive until its response.
import { DsqlPool } from "dsql-core";

const pool = new DsqlPool({ ...JSON.parse(process.env.CONNECTION), max: 1, allowExitOnIdle: true });
await pool.query("SELECT 1");
pool.query("SELECT 2 AS two").then(({ rows }) => process.stdout.write(`received ${rows[0].two}`));
