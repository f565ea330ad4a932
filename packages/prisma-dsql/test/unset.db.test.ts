import { DsqlConfigError } from "dsql-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PrismaDsql } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

afterEach(() => vi.unstubAllEnvs());

describe("a client without a connection string", () => {
  test.each([[undefined], [""], [{}], [{ connectionString: undefined }], [{ connectionString: "" }]])(
    "can be made from %j, and names the variable when it is used",
    async (source) => {
      vi.stubEnv("PGHOST", "");
      const prisma = new PrismaClient({ adapter: new PrismaDsql(source) });
      await expect(prisma.account.count()).rejects.toMatchObject({
        code: "DSQL_CONFIG",
        message: expect.stringContaining("DATABASE_URL"),
      });
      await expect(prisma.$transaction(async () => 1)).rejects.toThrow("DATABASE_URL");
      await prisma.$disconnect();
    },
  );
});

describe("schema, a parameter of Prisma's connection strings", () => {
  test("names the schema of the tables, also beside other parameters", async () => {
    const { connectionString, credentials } = bank.cluster;
    const pool = bank.pool();
    await pool.query("CREATE SCHEMA app");
    await pool.query(
      'CREATE TABLE app."Account" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL, balance integer NOT NULL, secret text)',
    );
    const separator = connectionString.includes("?") ? "&" : "?";
    const url = `${connectionString}${separator}schema=app&application_name=mine`;
    const prisma = new PrismaClient({ adapter: new PrismaDsql({ connectionString: url, credentials }) });
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 3, secret: "s" } });
    expect((await pool.query('SELECT balance FROM app."Account" WHERE owner = $1', [owner])).rows).toEqual([
      { balance: 3 },
    ]);
    expect(await prisma.$queryRaw`SELECT current_setting('application_name') AS name`).toEqual([
      { name: "mine" },
    ]);
    await prisma.$disconnect();
  });

  test("is refused where it is empty, repeated, or contradicts the option", () => {
    const url = "postgresql://admin@abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws/postgres";
    for (const query of ["schema=", "schema", "schema=a&schema=b", "schema=%E0"])
      expect(() => new PrismaDsql(`${url}?${query}`)).toThrow(DsqlConfigError);
    expect(() => new PrismaDsql(`${url}?schema=a`, { schema: "b" })).toThrow(/schema=a/);
    expect(() => new PrismaDsql(`${url}?schema=a`, { schema: "a" })).not.toThrow();
  });
});
