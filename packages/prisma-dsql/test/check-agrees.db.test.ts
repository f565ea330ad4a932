import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkSchema } from "../src/index.ts";
import { migrationSql } from "./support/migration-sql.ts";

let cluster: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  cluster = await startLocalDsql();
  pool = new DsqlPool(cluster.connection);
});

afterAll(async () => {
  await pool?.end();
  await cluster?.stop();
});

let models = 0;

/** What the check finds, and what the cluster refuses of Prisma's own DDL; indexes are created ASYNC, as DSQL wants them. */
async function judge(fields: string[]): Promise<{ found: string[]; refused: string[] }> {
  models += 1;
  const id = '  id String @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid';
  const text = [
    'datasource db {\n  provider = "postgresql"\n}',
    `model M${models} {`,
    id,
    ...fields,
    "}\n",
  ].join("\n");
  const found = checkSchema([{ path: "schema.prisma", text }]).map(({ rule }) => rule);
  const refused: string[] = [];
  for (const statement of await migrationSql(text)) {
    const async = statement.replace(/^CREATE (UNIQUE )?INDEX/, "CREATE $1INDEX ASYNC");
    await pool.query(async).catch((error: Error) => refused.push(error.message));
  }
  return { found, refused };
}

describe("what the check finds is what DSQL refuses", () => {
  test.each([
    ["a list", ["  a String[]"], /datatype text\[\] not supported/],
    ["a counter", ["  a Int @default(autoincrement())"], /type "serial" does not exist/],
    ["a wide counter", ["  a BigInt @default(autoincrement())"], /type "bigserial" does not exist/],
    ["a descending index", ["  a Int", "  @@index([a(sort: Desc)])"], /specifying sort order not supported/],
    ["an ascending index", ["  a Int", "  @@index([a(sort: Asc)])"], /specifying sort order not supported/],
    ["a hash index", ["  a Int", "  @@index([a], type: Hash)"], /USING not supported/],
    [
      "an operator class",
      ["  a String", '  @@index([a(ops: raw("text_pattern_ops"))])'],
      /opclass not supported/,
    ],
    ["an index on bytes", ["  a Bytes", "  @@index([a])"], /datatype bytea is not supported in a key/],
    ["a unique Json", ["  a Json @unique"], /datatype jsonb is not supported in a key/],
    ["money", ["  a Decimal @db.Money"], /datatype money not supported/],
    ["inet", ["  a String @db.Inet"], /datatype inet not supported/],
    ["xml", ["  a String @db.Xml"], /datatype xml not supported/],
    ["bit", ["  a String @db.Bit(3)"], /datatype bit not supported/],
    ["a point", ['  a Unsupported("point")?'], /datatype point not supported/],
    ["text search", ['  a Unsupported("tsvector")?'], /datatype tsvector not supported/],
    ["a long varchar", ["  a String @db.VarChar(65536)"], /./],
  ])("%s", async (_, fields, message) => {
    const { found, refused } = await judge(fields);
    expect(found).toHaveLength(1);
    expect(refused).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    [
      "every scalar",
      [
        "  a Int",
        "  b BigInt",
        "  c Float",
        "  d Decimal",
        "  e DateTime",
        "  f Json",
        "  g Bytes",
        "  h Boolean",
      ],
    ],
    [
      "native types",
      [
        "  a String @db.VarChar(65535)",
        "  b DateTime @db.Timetz(3)",
        "  c Decimal @db.Decimal(1000, 3)",
        "  d DateTime @db.Date",
      ],
    ],
    ["types without a name", ['  a Unsupported("interval")?', '  b Unsupported("double precision")?']],
    [
      "keys",
      ["  a Int", "  b DateTime @db.Timestamptz", "  @@index([a, b], type: BTree)", "  @@unique([b, a])"],
    ],
  ])("nothing: %s", async (_, fields) => {
    expect(await judge(fields)).toEqual({ found: [], refused: [] });
  });
});
