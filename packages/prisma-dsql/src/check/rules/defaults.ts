import { calledFunctions } from "../called-functions.ts";
import type { Finding } from "../finding.ts";
import type { Attribute } from "../schema-tree.ts";
import { argumentOf, columnsOf, finding, type Model, type Rule, textOf } from "../schema-view.ts";

/** PostgreSQL's own functions that generate column values and that DSQL has. */
export const defaultFunctions: ReadonlySet<string> = new Set(
  `gen_random_uuid
   now clock_timestamp statement_timestamp transaction_timestamp timezone date_trunc date_part date_bin age extract
   make_date make_time make_timestamp make_timestamptz make_interval justify_days justify_hours justify_interval
   to_timestamp to_date to_char to_number
   lower upper initcap concat concat_ws substr substring left right lpad rpad trim btrim ltrim rtrim replace translate
   repeat reverse split_part format chr ascii length char_length octet_length overlay position strpos to_hex
   regexp_replace encode decode md5 sha224 sha256 sha384 sha512
   random abs ceil ceiling floor round trunc mod div power sqrt sign exp ln log
   coalesce nullif greatest least
   json_build_object json_build_array jsonb_build_object jsonb_build_array to_json to_jsonb jsonb_set`.split(
    /\s+/,
  ),
);

// uuid-ossp, pgcrypto, pg_uuidv7, pgx_ulid, nanoid and others: DSQL refuses CREATE EXTENSION.
const makesIds = /^(?:uuid_|uuidv|uuid7|gen_ulid|ulid|nanoid|ksuid|cuid|gen_random_bytes$|generate_)/;

/** Defaults that call a function which DSQL is not known to have. */
export const defaults: Rule = (schema) =>
  schema.models.flatMap((model) =>
    columnsOf(model, schema).flatMap(({ name, attributes }) =>
      attributes.flatMap((attribute) => unknownFunctions(model, name, attribute, schema.knownNames)),
    ),
  );

function unknownFunctions(
  model: Model,
  column: string,
  attribute: Attribute,
  known: ReadonlySet<string>,
): Finding[] {
  const value = attribute.name === "default" ? argumentOf(attribute.args, "value", 0) : undefined;
  if (value?.kind !== "call" || value.text !== "dbgenerated") return [];
  const called = calledFunctions(textOf(argumentOf(value.args, "value", 0)) ?? "")
    .map((name) => name.replace(/^pg_catalog\./, ""))
    .filter((name) => !defaultFunctions.has(name) && !known.has(name));
  const [first] = called;
  if (first === undefined) return [];
  const default_ = `The default of ${model.name}.${column}`;
  if (called.every((name) => name === "nextval")) {
    return [
      finding(model.path, attribute, {
        rule: "default-sequence",
        severity: "warning",
        message: `${default_} reads a sequence, which Prisma does not create.`,
        advice: "Add CREATE SEQUENCE ... CACHE 65536 to the migration, before the table.",
      }),
    ];
  }
  return [
    finding(model.path, attribute, {
      rule: "default-function",
      severity: "error",
      message: `${default_} calls ${called.map((name) => `${name}()`).join(", ")}, which DSQL is not known to have; it has no extensions.`,
      advice: makesIds.test(first.replace(/^.*\./, ""))
        ? 'Use dbgenerated("gen_random_uuid()"), or a default that Prisma generates: uuid(), cuid(), ulid(), nanoid().'
        : `Generate the value in the application; if ${first}() is a function of your own in LANGUAGE SQL, create it in a migration before the table, and pass --known ${first}.`,
    }),
  ];
}
