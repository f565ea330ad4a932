import { promisify } from "node:util";
import connect from "connect-pg-simple";
import session from "express-session";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();
const Store = connect(session);
let store: InstanceType<typeof Store>;

beforeAll(async () => {
  await cluster.pool.query(
    "CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)",
  );
  await cluster.pool.query("CREATE INDEX ASYNC session_expire ON session (expire)");
  store = new Store({ pool: cluster.pool, pruneSessionInterval: false });
});
afterAll(() => store.close());

test("connect-pg-simple: stores, reads, touches, prunes and destroys sessions", async () => {
  const cookie = { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) };
  const data = { cookie, user: "ada" } as unknown as session.SessionData;
  const set = promisify(store.set.bind(store));
  const get = promisify(store.get.bind(store));
  await set("one", data);
  expect(await get("one")).toMatchObject({ user: "ada" });
  await promisify(store.touch.bind(store))("one", data);
  await cluster.pool.query("INSERT INTO session VALUES ('old', '{}', now() - interval '1 day')");
  await promisify(store.pruneSessions.bind(store))();
  expect((await cluster.pool.query("SELECT sid FROM session")).rows).toEqual([{ sid: "one" }]);
  await promisify(store.destroy.bind(store))("one");
  expect(await get("one")).toBeUndefined();
});

test("connect-pg-simple: cannot create its table by itself, because DSQL does not support its DDL", async () => {
  const other = new Store({
    pool: cluster.pool,
    tableName: "other_session",
    createTableIfMissing: true,
    pruneSessionInterval: false,
    errorLog: () => {},
  });
  await expect(promisify(other.get.bind(other))("one")).rejects.toThrow(/WITH clause not supported/);
  await other.close();
});
