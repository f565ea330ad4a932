import { randomUUID } from "node:crypto";
import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Account, AdapterSession, AdapterUnderTest } from "./adapter-under-test.ts";
import type { ScenarioContext } from "./scenario.ts";
import { type ScenarioTitle, themes } from "./scenarios/index.ts";
import { createTables } from "./schema.ts";

/** With more skips than these, the suite would no longer be one suite for all adapters. */
const MOST_SKIPS = 5;

/** Registers every scenario for one adapter, on its own dsql-local; call it at the top level of a test file. */
export function describeAdapter(adapter: AdapterUnderTest<ScenarioTitle>): void {
  describe(adapter.name, () => {
    let local: LocalDsql;
    let session: AdapterSession;

    beforeAll(async () => {
      local = await startLocalDsql();
      await prepareTables(local);
      session = await adapter.open({ ...local.connection });
    });
    afterAll(async () => {
      await session?.close();
      await local?.stop();
    });

    for (const [theme, scenarios] of Object.entries(themes)) {
      describe(theme, () => {
        for (const [title, scenario] of Object.entries(scenarios)) {
          if (isSkipped(adapter, title)) continue;
          it(title, async () => {
            const opened: AdapterSession[] = [];
            try {
              await scenario(contextOf(local, adapter, session, opened));
            } finally {
              local.faults.clear();
              await Promise.all(opened.map((own) => own.close()));
            }
          });
        }
      });
    }

    const titles = Object.values(themes).flatMap((scenarios) => Object.keys(scenarios));
    const skips = Object.entries(adapter.skips ?? {});
    describe("what is left out", () => {
      for (const [title, reason] of skips) {
        it(`"${title}": ${reason}`, () => {
          expect(titles).toContain(title);
          expect(reason).toMatch(/^[A-Z].{20,}\.$/);
        });
      }
      it(`is ${skips.length} of ${titles.length} scenarios`, () => {
        expect(skips.length).toBeLessThanOrEqual(MOST_SKIPS);
      });
    });
  });
}

function isSkipped(adapter: AdapterUnderTest, title: string): boolean {
  return Object.hasOwn(adapter.skips ?? {}, title);
}

async function prepareTables(local: LocalDsql): Promise<void> {
  const pool = new DsqlPool({ ...local.connection, max: 1 });
  try {
    for (const statement of createTables) await pool.query(statement);
  } finally {
    await pool.end();
  }
}

function contextOf(
  local: LocalDsql,
  adapter: AdapterUnderTest,
  session: AdapterSession,
  opened: AdapterSession[],
): ScenarioContext {
  return {
    local,
    adapter,
    session,
    open: async (options?: DsqlPoolOptions) => {
      const own = await adapter.open({ ...local.connection, ...options });
      own.close = onceOnly(own.close.bind(own));
      opened.push(own);
      return own;
    },
    newAccount: async (balance = 100n) => {
      const account: Account = { id: randomUUID(), owner: "Ada", balance };
      await session.accounts.insert([account]);
      return account;
    },
  };
}

/** A scenario may close its session itself; the suite closes it again. */
function onceOnly(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
