import { AuroraDSQLPool } from "@aws/aurora-dsql-node-postgres-connector";
import { socketTo } from "../../endpoint/socket-to.ts";
import { target } from "../target.ts";

const { host, hostaddr, port, ca } = target();
const pool = new AuroraDSQLPool({
  ...{ host, port, user: "admin", database: "postgres", ssl: { ca, rejectUnauthorized: true } },
  stream: () => socketTo(hostaddr),
});
await pool.query("SELECT 1");
await pool.end();
