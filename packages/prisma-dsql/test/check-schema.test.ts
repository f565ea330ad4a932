import { describe, expect, test } from "vitest";
import { checkSchema } from "../src/check/check-schema.ts";

const datasource = 'datasource db {\n  provider = "postgresql"\n}\n';

function findings(...lines: string[]) {
  const text = `${datasource}${lines.join("\n")}\n`;
  return checkSchema([{ path: "schema.prisma", text }]).map(
    ({ rule, severity, line, column }) => `${line}:${column} ${severity} ${rule}`,
  );
}

function modelWith(...fields: string[]) {
  return findings(
    "model A {",
    '  id String @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid',
    ...fields,
    "}",
  );
}

describe("checking a schema", () => {
  test("finds nothing in a schema that DSQL supports", () => {
    expect(
      findings(
        "model A {",
        "  id      String   @id @default(uuid()) @db.Uuid",
        "  at      DateTime @default(now()) @db.Timestamptz(6)",
        "  amount  Decimal  @db.Decimal(18, 6)",
        "  payload Json?",
        "  bytes   Bytes",
        '  span    Unsupported("interval")?',
        "  b       B?       @relation(fields: [bId], references: [id])",
        "  bId     String?",
        "  many    C[]",
        "  @@unique([at, amount])",
        "  @@index([bId], type: BTree)",
        '  @@index([at], where: raw("amount > 0"), map: "positive")',
        "}",
        "model B {",
        "  id String @id",
        "  a  A[]",
        "}",
        "model C {",
        "  id String @id",
        "  a  A[]",
        "}",
      ),
    ).toEqual([]);
  });

  test("finds enums and lists of scalars, and leaves lists of relations alone", () => {
    expect(
      findings(
        "enum Colour {",
        "  RED",
        "}",
        "model A {",
        "  id String @id",
        "  tags String[]",
        "  colours Colour[]",
        "}",
      ),
    ).toEqual(["4:1 error enum", "9:3 error scalar-list", "10:3 error scalar-list"]);
  });

  test("finds counters; one that is BigInt needs only another migration", () => {
    expect(modelWith("  a Int @default(autoincrement())", "  b BigInt @default(autoincrement())")).toEqual([
      "6:3 error autoincrement",
      "7:3 warning autoincrement",
    ]);
  });

  test("finds sort orders in every kind of key, ascending ones too", () => {
    expect(
      modelWith(
        "  a Int @unique(sort: Desc)",
        "  @@index([a(sort: Asc), id])",
        "  @@unique([id, a(sort: Desc)])",
      ),
    ).toEqual(["6:10 error index-sort", "7:12 error index-sort", "8:17 error index-sort"]);
  });

  test("finds index types, operator classes, and columns that no key takes", () => {
    expect(
      modelWith(
        "  a String",
        "  j Json",
        "  t DateTime @db.Timetz",
        "  @@index([a], type: Hash)",
        '  @@index([a(ops: raw("text_pattern_ops"))])',
        "  @@index([j, t])",
      ),
    ).toEqual(["9:5 error index-type", "10:12 error index-ops", "11:12 error key-type"]);
  });

  test("reads an index whose column is written without brackets, as Prisma does", () => {
    expect(
      modelWith(
        "  a Int",
        "  b Bytes",
        "  @@index(a(sort: Desc))",
        "  @@unique(fields: b)",
        "  @@index(fields: a, type: Hash)",
      ),
    ).toEqual(["8:11 error index-sort", "9:20 error key-type", "10:5 error index-type"]);
  });

  test("finds what is wrong with the columns of fields that the client ignores", () => {
    expect(
      modelWith(
        "  a String[] @ignore",
        '  b Unsupported("point")? @ignore',
        "  c Int @default(autoincrement()) @ignore",
      ),
    ).toEqual(["6:3 error scalar-list", "7:3 error native-type", "8:3 error autoincrement"]);
  });

  test("returns one finding for each index, with all that is wrong with it", () => {
    expect(
      modelWith(
        "  j Json",
        "  k Json",
        "  @@index([j(ops: JsonbPathOps), k(ops: JsonbOps)], type: Gin)",
        '  @@index([j(sort: Desc), k(ops: raw("x"), sort: Asc)])',
      ),
    ).toEqual(["8:5 error index-type", "9:12 error key-type"]);
    const [both] = checkSchema([
      {
        path: "a",
        text: "model A {\n  id String @id\n  j Json\n  b Int\n  @@index([j, b(sort: Desc), id(sort: Asc)])\n}",
      },
    ]);
    expect(both?.message).toBe(
      "DSQL does not support the type in a key: A.j (jsonb). DSQL does not support a sort order in a key: A.b (sort: Desc), A.id (sort: Asc).",
    );
    expect(both?.advice).toContain("Remove sort");
  });

  test("advises a B-tree index only where the columns can have one", () => {
    const advice = (field: string, index: string) =>
      checkSchema([{ path: "a", text: `model A {\n  id String @id\n  ${field}\n  ${index}\n}` }]).map(
        (found) => found.advice,
      );
    expect(advice("a String", "@@index([a], type: Hash)")).toEqual([expect.stringMatching(/^Remove type;/)]);
    expect(advice("a Json", "@@index([a], type: Gin)")).toEqual([
      expect.stringMatching(/^Remove the index;/),
    ]);
  });

  test("finds keys of more than 8 columns and models of more than 24 indexes", () => {
    const names = Array.from({ length: 25 }, (_, n) => `c${n}`);
    const columns = names.map((name) => `  ${name} Int`);
    const wide = `  @@index([${names.slice(0, 9).join(", ")}])`;
    const many = names.slice(0, 23).map((name) => `  @@index([${name}])`);
    expect(modelWith(...columns, wide, ...many)).toEqual([
      "4:1 error index-count",
      "31:5 error index-columns",
    ]);
  });

  test("finds keys that are declared longer than 2,000 bytes together", () => {
    const columns = [
      "  a String @db.VarChar(1500)",
      "  b String @db.Char(500)",
      "  c String @db.VarChar(1) @unique",
    ];
    expect(modelWith(...columns, "  @@index([a, b])")).toEqual([]);
    expect(modelWith(...columns, "  @@unique([a, b, c])")).toEqual(["9:5 error key-size"]);
    expect(modelWith("  a String @db.VarChar(2001) @unique")).toEqual(["6:31 error key-size"]);
  });

  test("finds models of more than 255 columns", () => {
    expect(modelWith(...Array.from({ length: 255 }, (_, n) => `  c${n} Int`))).toEqual([
      "4:1 error column-count",
    ]);
  });

  test.each([
    "  a Decimal @db.Money",
    "  a String @db.Citext",
    "  a String @db.Inet",
    "  a String @db.Xml",
    "  a String @db.Bit(3)",
    "  a String @db.VarBit(3)",
    "  a Int @db.Oid",
    '  a Unsupported("tsvector")?',
    '  a Unsupported("bit varying(4)")?',
    '  a Unsupported("point[]")?',
    '  a Unsupported("text array")?',
    '  a Unsupported("\\"char\\"")?',
    '  a Unsupported("name")?',
    '  a Unsupported("serial")?',
    '  a Unsupported("int4multirange")?',
    '  a Unsupported("regclass")?',
    '  a Unsupported("xid8")?',
    '  a Unsupported("jsonpath")?',
    '  a Unsupported("pg_snapshot")?',
    '  a Unsupported("halfvec(3)")?',
    '  a Unsupported("cube")?',
    '  a Unsupported("isbn13")?',
    '  a Unsupported("public.email_address")?',
  ])("finds the type that DSQL lacks in %j", (line) => {
    expect(modelWith(line)).toEqual([expect.stringMatching(/^6:\d+ error native-type$/)]);
  });

  test.each([
    "timestamp(3) with time zone",
    "TIME WITHOUT TIME ZONE",
    "interval day to second(3)",
    "character varying(12)",
    "pg_catalog.int8",
    "float(24)",
  ])("knows the spelling %s of a type that DSQL supports", (type) => {
    expect(modelWith(`  a Unsupported("${type}")?`)).toEqual([]);
  });

  test("finds no type and no function that the caller knows to exist", () => {
    const text =
      'model A {\n  id String @id @default(dbgenerated("app.new_id()"))\n  a Unsupported("email_address")?\n}';
    expect(checkSchema([{ path: "a", text }])).toHaveLength(2);
    expect(checkSchema([{ path: "a", text }], { known: ["app.new_id", "Email_Address"] })).toEqual([]);
  });

  test.each([
    "uuid_generate_v7()",
    "uuidv7()",
    "gen_random_bytes(16)",
    "encode(digest('a', 'sha256'), 'hex')",
    "crypt('a', gen_salt('bf'))",
    "public.next_order_number()",
    '\\"auth\\".\\"uid\\"()',
    "current_setting('app.tenant')",
    "txid_current()",
    "lower(my_text ( ))",
    "pg_catalog.pg_advisory_lock(1)",
  ])("finds the unknown function in the default %s", (expression) => {
    expect(modelWith(`  a String @default(dbgenerated("${expression}"))`)).toEqual([
      "6:13 error default-function",
    ]);
  });

  test.each([
    "gen_random_uuid()",
    "pg_catalog.now()",
    "timezone('utc'::text, now())",
    "('x'::character varying(10))",
    "CAST('1' AS numeric(10, 2))",
    "'now to be called()'",
    "concat(E'it\\\\'s(', $a$ f() $a$)",
    "CASE WHEN (1 IN (1, 2)) THEN 'a' ELSE 'b' END",
    "'{}'::jsonb",
  ])("finds nothing in the default %s", (expression) => {
    expect(modelWith(`  a String @default(dbgenerated("${expression}"))`)).toEqual([]);
  });

  test("warns of a default that reads a sequence", () => {
    expect(modelWith("  a BigInt @default(dbgenerated(\"nextval('s'::regclass)\"))")).toEqual([
      "6:13 warning default-sequence",
    ]);
  });

  test("finds lengths beyond the limits", () => {
    expect(
      modelWith(
        "  a String @db.Char(4097)",
        "  b String @db.VarChar(65536)",
        "  c Decimal @db.Decimal(1001, 2)",
      ),
    ).toEqual(["6:13 error type-length", "7:13 error type-length", "8:14 error type-length"]);
    expect(
      modelWith(
        "  a String @db.Char(4096)",
        "  b String @db.VarChar(65535)",
        "  c Decimal @db.Decimal(1000, 2)",
      ),
    ).toEqual([]);
  });

  test("finds defaults that call into an extension, extensions, and another provider", () => {
    expect(modelWith('  a String @default(dbgenerated("uuid_generate_v4()"))')).toEqual([
      "6:13 error default-function",
    ]);
    const text =
      'datasource db {\n  provider = "mysql"\n  extensions = [citext]\n}\ngenerator c {\n  previewFeatures = ["fullTextSearchPostgres"]\n}';
    expect(checkSchema([{ path: "a", text }]).map(({ rule }) => rule)).toEqual([
      "provider",
      "extensions",
      "preview-feature",
    ]);
  });

  test("reads all files as one schema, and names the file of each finding", () => {
    const sources = [
      { path: "a.prisma", text: "model A {\n  id String @id\n  bs B[]\n  c  Colour\n}" },
      { path: "b.prisma", text: "model B {\n  id String @id\n  tags String[]\n}\nenum Colour {\n  RED\n}" },
    ];
    expect(checkSchema(sources).map(({ path, line, rule }) => [path, line, rule])).toEqual([
      ["b.prisma", 3, "scalar-list"],
      ["b.prisma", 5, "enum"],
    ]);
  });

  test("gives advice with every finding", () => {
    for (const { advice, message } of checkSchema([
      { path: "a", text: "enum E {\n  A\n}\nmodel M {\n  e E[]\n}" },
    ])) {
      expect(message).toMatch(/\.$/);
      expect(advice).toMatch(/\.$/);
    }
  });
});
