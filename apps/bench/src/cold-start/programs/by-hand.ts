import { DsqlSigner } from "@aws-sdk/dsql-signer";
import pg from "pg";
import { socketTo } from "../../endpoint/socket-to.ts";
import { target } from "../target.ts";

const { host, hostaddr, port, region, ca } = target();
const signer = new DsqlSigner({ hostname: host, region });
const pool = new pg.Pool({
  ...{ host, port, user: "admin", database: "postgres", ssl: { ca } },
  password: () => signer.getDbConnectAdminAuthToken(),
  stream: () => socketTo(hostaddr),
});
await pool.query("SELECT 1");
await pool.end();
