import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { CommitOutcomeUnknownError, DsqlClient, retryTransaction } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase("CREATE TABLE entries (id int PRIMARY KEY)");
const INSERT = "INSERT INTO entries VALUES (1)";

beforeEach(async () => {
  await database.pool().query("DELETE FROM entries");
});

async function stored(): Promise<number> {
  return (await database.pool().query("SELECT * FROM entries")).rowCount ?? 0;
}

/** A client whose login is refused once, with a statement that was queued before it. */
async function afterRefusal(refuse: () => void, text: string) {
  const client = new DsqlClient(database.local.connection);
  refuse();
  const queued = client.query(text);
  queued.catch(() => {});
  await client.connect();
  return { client, queued };
}

describe("a statement that was queued before a login that is retried", () => {
  const refusals: [string, () => void][] = [
    ["a stale token", () => database.local.faults.refuseTokens("expired")],
    ["too many connections", () => database.local.faults.refuseConnections("53300")],
    ["too many new connections", () => database.local.faults.refuseConnections("53400", 2)],
  ];

  test.each(refusals)("after %s is run on the new connection", async (_what, refuse) => {
    const { client, queued } = await afterRefusal(refuse, "SELECT 7 AS seven");
    expect((await queued).rows).toEqual([{ seven: 7 }]);
    await client.end();
  });

  test.each(refusals)(
    "after %s has an undetermined outcome when its response is lost",
    async (_what, refuse) => {
      database.local.faults.cutConnection("after-commit");
      const { client, queued } = await afterRefusal(refuse, INSERT);
      await expect(queued).rejects.toThrow(CommitOutcomeUnknownError);
      expect(await stored()).toBe(1);
      await client.end();
    },
  );

  test("is not retried when its response is lost", async () => {
    let runs = 0;
    const failed = retryTransaction(async () => {
      runs++;
      database.local.faults.cutConnection("after-commit");
      const { client, queued } = await afterRefusal(
        () => database.local.faults.refuseTokens("expired"),
        INSERT,
      );
      await queued.finally(() => client.end());
    });
    await expect(failed).rejects.toThrow(CommitOutcomeUnknownError);
    expect([runs, await stored()]).toEqual([1, 1]);
  });

  test.each(refusals)("after %s receives the server's own error", async (_what, refuse) => {
    await database.pool().query(INSERT);
    const { client, queued } = await afterRefusal(refuse, INSERT);
    await expect(queued).rejects.toMatchObject({ code: "23505" });
    await client.end();
  });

  test("counts as the beginning of a transaction", async () => {
    const { client } = await afterRefusal(() => database.local.faults.refuseTokens("expired"), "BEGIN");
    await expect(client.query("BEGIN")).rejects.toMatchObject({ code: "DSQL_NESTED_TRANSACTION" });
    await client.query("ROLLBACK");
    await client.end();
  });
});

describe("a client that is closed while it replaces its lost connection leaves no connection open", () => {
  const waits: [string, () => unknown][] = [
    ["a tick", () => nextTick()],
    ["a turn", () => nextTurn()],
    ...[1, 3, 6, 10, 20].map((delayMs): [string, () => unknown] => [
      `${delayMs} ms`,
      () => setTimeout(delayMs),
    ]),
  ];

  test.each(waits)("%s after its attempt failed", async (_what, wait) => {
    const before = database.local.stats.sessionsOpen;
    for (const lose of [
      (client: DsqlClient) => client.connection.stream.destroy(),
      // The connection is still open when the next attempt begins, and is then closed.
      () => Promise.reject(Object.assign(new Error("(OC000)"), { code: "40001" })),
    ]) {
      const client = await database.connect();
      let ending: Promise<void> | undefined;
      const end = async () => {
        await wait();
        await client.end();
      };
      const run = client.transactionWithRetry(
        async (transaction) => {
          await transaction.query("SELECT 1");
          const running = transaction.query("SELECT pg_sleep(5)");
          running.catch(() => {});
          await lose(client);
          await running;
        },
        {
          backoff: () => 0,
          onRetry: () => {
            ending ??= end();
          },
        },
      );
      await expect(run).rejects.toThrow();
      await ending;
      await expect.poll(() => database.local.stats.sessionsOpen, { timeout: 10_000 }).toBe(before);
    }
  });
});

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

test("a transaction on a client that was never connected is refused, and does not wait forever", async () => {
  const client = new DsqlClient(database.local.connection);
  await expect(client.transactionWithRetry(async () => {})).rejects.toMatchObject({ code: "DSQL_CONFIG" });
  await client.end();
});

test("a transaction may be started while its client connects", async () => {
  const client = new DsqlClient(database.local.connection);
  const connected = client.connect();
  expect(
    await client.transactionWithRetry(async (open) => (await open.query("SELECT 1 AS one")).rows),
  ).toEqual([{ one: 1 }]);
  await connected;
  await client.end();
});
