import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { Client } from "pg";
import type { LocalDsql } from "../../src/index.ts";

/** Logs in as `admin`. */
export async function connect(dsql: LocalDsql): Promise<Client> {
  const { host, hostaddr, port, region, user, database, credentials, ca } = dsql;
  const signer = new DsqlSigner({ hostname: host, region, credentials });
  const client = new Client({
    ...{ host: hostaddr, port, user, database },
    password: await signer.getDbConnectAdminAuthToken(),
    ssl: { ca, servername: host },
  });
  await client.connect();
  return client;
}
