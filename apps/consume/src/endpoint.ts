import { DsqlPool } from "dsql-core";
import { startLocalDsql } from "dsql-local";

/** The local DSQL that the programs use, and the environment variables that point them to it. */
export interface Endpoint extends AsyncDisposable {
  env: Record<string, string>;
}

/** Starts it, with the table that the programs write. */
export async function startEndpoint(): Promise<Endpoint> {
  const local = await startLocalDsql();
  const pool = new DsqlPool(local.connection);
  try {
    await pool.query("CREATE TABLE consumed (id uuid PRIMARY KEY, n int NOT NULL)");
  } finally {
    await pool.end();
  }
  return {
    env: {
      DATABASE_URL: local.connectionString,
      AWS_ACCESS_KEY_ID: local.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: local.credentials.secretAccessKey,
      AWS_REGION: local.region,
    },
    [Symbol.asyncDispose]: () => local.stop(),
  };
}
