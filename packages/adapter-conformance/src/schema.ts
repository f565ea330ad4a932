/**
 * Each column type that DSQL stores, and its JavaScript form in this suite:
 * `c_bigint` bigint; `c_smallint`, `c_integer`, `c_real`, `c_double` number; `c_numeric` string; `c_bytea` Uint8Array;
 * `c_timestamptz` Date; `c_json`, `c_jsonb` any JSON value; all others string, dates and times as PostgreSQL prints them
 * with `datestyle` ISO and `intervalstyle` postgres.
 */
export const columnTypes = {
  c_smallint: "smallint",
  c_integer: "integer",
  c_bigint: "bigint",
  c_real: "real",
  c_double: "double precision",
  c_numeric: "numeric(30, 10)",
  c_text: "text",
  c_varchar: "varchar(200)",
  c_char: "char(4)",
  c_bpchar: "bpchar",
  c_boolean: "boolean",
  c_date: "date",
  c_time: "time",
  c_timetz: "timetz",
  c_timestamp: "timestamp",
  c_timestamptz: "timestamptz",
  c_interval: "interval",
  c_uuid: "uuid",
  c_bytea: "bytea",
  c_json: "json",
  c_jsonb: "jsonb",
} as const;

/** A column of `conformance_column`; see {@link columnTypes} for its JavaScript form. */
export type ColumnName = keyof typeof columnTypes;

const columns = Object.entries(columnTypes).map(([name, type]) => `${name} ${type}`);

/** The tables of the suite; one statement each, since DSQL accepts one DDL statement per transaction. */
export const createTables: readonly string[] = [
  "create table conformance_account (id uuid primary key, owner text not null, balance bigint not null)",
  `create table conformance_column (id uuid primary key, ${columns.join(", ")})`,
];
