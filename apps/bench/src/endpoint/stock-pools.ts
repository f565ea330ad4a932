import { AuroraDSQLPool } from "@aws/aurora-dsql-node-postgres-connector";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import type { LocalConnection } from "dsql-local";
import pg from "pg";
import { socketTo } from "./socket-to.ts";

/** A token for the endpoint, signed once. */
export async function signToken({ host, region, credentials }: LocalConnection): Promise<string> {
  return await new DsqlSigner({ hostname: host, region, credentials }).getDbConnectAdminAuthToken();
}

/** What node-postgres needs to reach the endpoint under its own name, and no more. */
function stockConfig(connection: LocalConnection, token: string, max: number): pg.PoolConfig {
  const { host, hostaddr, port, user, database, ca } = connection;
  return { host, port, user, database, max, password: token, ssl: { ca }, stream: () => socketTo(hostaddr) };
}

/** node-postgres itself, with the same token for every connection. */
export function stockPool(connection: LocalConnection, token: string, max: number): pg.Pool {
  return new pg.Pool(stockConfig(connection, token, max));
}

/**
 * AWS's connector as its README begins: credentials come from the default provider chain, here from the environment.
 * Only the socket is given the endpoint's address.
 */
export function awsPool(connection: LocalConnection, max: number): AuroraDSQLPool {
  const { host, hostaddr, port, user, database, ca, credentials } = connection;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  return new AuroraDSQLPool({
    ...{ host, port, user, database, max },
    ssl: { ca, rejectUnauthorized: true },
    stream: () => socketTo(hostaddr),
  });
}
