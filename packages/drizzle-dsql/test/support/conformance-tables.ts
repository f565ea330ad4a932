import {
  bigint,
  boolean,
  char,
  customType,
  date,
  doublePrecision,
  integer,
  interval,
  json,
  jsonb,
  numeric,
  pgTable,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array; driverData: Buffer }>({
  dataType: () => "bytea",
  toDriver: (bytes) => Buffer.from(bytes),
});

/** The suite's table of accounts. */
export const accounts = pgTable("conformance_account", {
  id: uuid().primaryKey(),
  owner: text().notNull(),
  balance: bigint({ mode: "bigint" }).notNull(),
});

/** The suite's table with a column of every type. */
export const columns = pgTable("conformance_column", {
  id: uuid().primaryKey(),
  c_smallint: smallint(),
  c_integer: integer(),
  c_bigint: bigint({ mode: "bigint" }),
  c_real: real(),
  c_double: doublePrecision(),
  c_numeric: numeric({ precision: 30, scale: 10 }),
  c_text: text(),
  c_varchar: varchar({ length: 200 }),
  c_char: char({ length: 4 }),
  c_bpchar: text(),
  c_boolean: boolean(),
  c_date: date({ mode: "string" }),
  c_time: time(),
  c_timetz: time({ withTimezone: true }),
  c_timestamp: timestamp({ mode: "string" }),
  c_timestamptz: timestamp({ withTimezone: true, mode: "date" }),
  c_interval: interval(),
  c_uuid: uuid(),
  c_bytea: bytea(),
  c_json: json(),
  c_jsonb: jsonb(),
});
