import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { DsqlClient } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase();

describe("what a pool and a client show", () => {
  test("contains no token, no secret and no key, at any depth", async () => {
    const one = database.pool();
    const client = await one.connect();
    const single = await database.connect();
    const sources = [one, client, single, one.options, client.connection, { one, client, single }];
    const { accessKeyId, secretAccessKey } = database.local.credentials;
    for (const source of sources) {
      for (const customInspect of [true, false]) {
        const shown = inspect(source, {
          depth: 12,
          showHidden: true,
          customInspect,
          maxStringLength: null,
          maxArrayLength: null,
        });
        expect(shown).not.toContain(secretAccessKey);
        expect(shown).not.toContain("X-Amz-Signature");
        expect(shown).not.toContain(accessKeyId);
      }
    }
    for (const text of [JSON.stringify(one), JSON.stringify([client, single])]) {
      expect(text).toContain(database.local.host);
      expect(text).not.toMatch(/X-Amz|secret|password/i);
    }
    client.release();
  });

  test("contains no token during a login", async () => {
    const client = new DsqlClient(database.local.connection);
    const shown: string[] = [];
    const look = () => {
      shown.push(
        inspect(client, { depth: 12, showHidden: true, customInspect: false, maxStringLength: null }),
      );
      looking = setImmediate(look);
    };
    let looking = setImmediate(look);
    await client.connect();
    clearImmediate(looking);
    await client.end();
    expect(shown.filter((text) => text.includes("X-Amz-Signature"))).toEqual([]);
  });

  test("contains no secret in errors and log lines either", async () => {
    const lines: string[] = [];
    const log = (...line: unknown[]) => lines.push(inspect(line, { depth: 12, showHidden: true }));
    const logger = { debug: log, info: log, warn: log, error: log };
    const credentials = { ...database.local.credentials, secretAccessKey: "an0ther-s3cret" };
    const failing = database.pool({ credentials, logger });
    const error = await failing.query("SELECT 1").catch((thrown) => thrown);
    const working = database.pool({ logger, max: 1 });
    const client = await working.connect();
    await client.query("SELECT 1");
    client.release(true);
    expect(lines.length).toBeGreaterThan(0);
    for (const text of [...lines, inspect(error, { depth: 12, showHidden: true })]) {
      expect(text).not.toContain("s3cret");
      expect(text).not.toContain("X-Amz-Signature");
    }
  });
});
