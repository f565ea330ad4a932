import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { Kysely } from "kysely";
import Cursor from "pg-cursor";
import { afterEach } from "vitest";
import { type ScriptedServer, useScriptedServer } from "../../dsql-core/test/scripted-server.ts";
import type { DsqlConnection } from "../src/dsql-connection.ts";
import { DsqlDialect, type DsqlDialectOptions } from "../src/index.ts";

type Options = DsqlDialectOptions & Omit<DsqlPoolOptions, keyof DsqlDialectOptions>;

/** What a scripted server answers to every SELECT: its own text. */
export interface Database {
  account: { id: string; balance: number };
}

/** A server whose responses the test writes, and Kysely instances and drivers of it that are closed after each test. */
export function useScriptedDatabase() {
  const server: ScriptedServer = useScriptedServer();
  const opened: { destroy(): Promise<void> }[] = [];
  const connections: DsqlConnection[] = [];
  /** One connection, unless the options say otherwise. */
  const open = (options: Options = {}) => {
    const { cursor, waitForIndexes, onCreateConnection, onReserveConnection, ...poolOptions } = {
      cursor: Cursor,
      ...options,
    };
    const pool = new DsqlPool({ ...server.connection, max: 1, ...poolOptions });
    const own = { cursor, waitForIndexes, onCreateConnection, onReserveConnection };
    const dialect = new DsqlDialect({ pool, ...own });
    const db = new Kysely<Database>({ dialect });
    const driver = dialect.createDriver();
    opened.push(db, driver);
    return { db, driver, pool };
  };
  /** A driver and a connection of it. */
  const connect = async (options?: Options) => {
    const { driver, pool } = open(options);
    await driver.init();
    const acquire = async () => {
      const connection = (await driver.acquireConnection()) as DsqlConnection;
      connections.push(connection);
      return connection;
    };
    return { driver, pool, acquire, connection: await acquire() };
  };
  afterEach(async () => {
    for (const session of server.sessions) session.cut();
    for (const connection of connections.splice(0)) connection.release();
    for (const one of opened.splice(0)) await one.destroy();
  });
  return { server, open, connect };
}
