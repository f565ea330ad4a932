import pg from "pg";
import type { LocalEndpoint } from "../../src/endpoint/local-dsql.ts";

export type Endpoint = Pick<LocalEndpoint, "host" | "port" | "ca" | "token">;

/** A plain pg client for an endpoint, not connected yet. */
export function clientFor(endpoint: Endpoint, options: pg.ClientConfig = {}): pg.Client {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: endpoint.port,
    user: "admin",
    database: "postgres",
    password: endpoint.token({ user: options.user }),
    ssl: { ca: endpoint.ca, servername: endpoint.host },
    ...options,
  });
  // A connection that a test cuts is its own business.
  client.on("error", () => undefined);
  return client;
}

/** A client that has logged in. */
export async function connect(endpoint: Endpoint, options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = clientFor(endpoint, options);
  await client.connect();
  return client;
}

/** What a refused login was told. */
export async function refusedLogin(
  endpoint: Endpoint,
  options: pg.ClientConfig = {},
): Promise<pg.DatabaseError> {
  const client = clientFor(endpoint, options);
  try {
    await client.connect();
  } catch (error) {
    return error as pg.DatabaseError;
  }
  await client.end();
  throw new Error("the login was not refused");
}
