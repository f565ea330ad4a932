import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { supportedTypes } from "../src/check/dsql-types.ts";
import { checkSchema, migrationChanges } from "../src/check/index.ts";
import { defaultFunctions } from "../src/check/rules/defaults.ts";
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
    ["a multirange", ['  a Unsupported("int4multirange")?'], /datatype int4multirange not supported/],
    ["an internal character", ['  a Unsupported("\\"char\\"")?'], /datatype "char" not supported/],
    ["a name", ['  a Unsupported("name")?'], /datatype name not supported/],
    ["an object's name", ['  a Unsupported("regclass")?'], /datatype regclass not supported/],
    ["a type of an extension", ['  a Unsupported("halfvec(3)")?'], /type "halfvec" does not exist/],
    ["an ignored list", ["  a String[] @ignore"], /datatype text\[\] not supported/],
    ["an index without brackets", ["  a Bytes", "  @@index(a)"], /datatype bytea is not supported in a key/],
    ["a GIN index", ["  a Json", "  @@index([a(ops: JsonbPathOps)], type: Gin)"], /USING not supported/],
    [
      "a function of an extension",
      ['  a String @default(dbgenerated("uuid_generate_v7()"))'],
      /function uuid_generate_v7\(\) does not exist/,
    ],
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

  test("nothing: any spelling of a supported type", async () => {
    const types = [...supportedTypes.keys()].filter((type) => type !== "doubleprecision");
    expect(await judge(types.map((type, n) => `  c${n} Unsupported("${type}")?`))).toEqual({
      found: [],
      refused: [],
    });
  });

  test("every function that a default may call is one of PostgreSQL's own, or of its grammar", async () => {
    const { rows } = await pool.query<{ name: string }>(
      "SELECT DISTINCT p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'pg_catalog'",
    );
    const builtIn = new Set(rows.map(({ name }) => name));
    expect([...defaultFunctions].filter((name) => !builtIn.has(name)).sort()).toEqual([
      "coalesce",
      "greatest",
      "least",
      "nullif",
      "trim",
    ]);
  });
});

describe("what the check says about the migration is what Prisma writes", () => {
  test.each([
    ["foreignKeys", "NoAction"],
    ["prisma", "Restrict"],
  ])("with the relation mode %s", async (relationMode, action) => {
    const text = `datasource db {
  provider = "postgresql"
  relationMode = "${relationMode}"
}
model User {
  id       String @id
  email    String @unique
  bossId   String?
  boss     User?  @relation("boss", fields: [bossId], references: [id], onDelete: ${action}, onUpdate: ${action})
  staff    User[] @relation("boss")
  friends  User[] @relation("friends")
  friendOf User[] @relation("friends")
  posts    Post[]
  likes    Post[] @relation("likes")
  secret   Int    @unique @ignore
}
model Post {
  id       String @id
  authorId String
  author   User   @relation(fields: [authorId], references: [id], onDelete: ${action}, onUpdate: ${action})
  likedBy  User[] @relation("likes")
  tags     Tag[]
  @@index(authorId)
  @@unique([authorId, id])
}
model Tag {
  name  String @id
  posts Post[]
}
model Pair {
  a String
  b String
  @@id([a, b])
}
model Note {
  id String @id
  @@ignore
}
`;
    const statements = await migrationSql(text);
    const starting = (start: RegExp) => statements.filter((statement) => start.test(statement)).length;
    expect(migrationChanges([{ path: "schema.prisma", text }])).toEqual({
      tables: starting(/^CREATE TABLE/),
      indexes: starting(/^CREATE (UNIQUE )?INDEX/),
      foreignKeys: starting(/^ALTER TABLE .*FOREIGN KEY/s),
    });
  });
});
