import { pgTable, text } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { expect, it } from "vitest";
import { useScriptedServer } from "../../dsql-core/test/scripted-server.ts";
import { drizzle } from "../src/index.ts";

const server = useScriptedServer();
const accounts = pgTable("accounts", { id: text() });

it("a transaction has the schema of its database", async () => {
  const pool = new DsqlPool({ ...server.connection, max: 1 });
  const db = drizzle({ client: pool, schema: { accounts } });
  const inside = await db.transaction(async (tx) => tx.query.accounts.findMany().toSQL());
  expect(inside).toEqual(db.query.accounts.findMany().toSQL());
  await pool.end();
});
