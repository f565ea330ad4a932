import { literal, type QualifiedName, qualified } from "./sql/quote.ts";
import type { DoneCheck } from "./step.ts";

const query = (condition: string): DoneCheck => ({ kind: "query", sql: `SELECT ${condition} AS done` });

/** A check that something exists, for a step that removes nothing. */
const exists = (condition: string): DoneCheck => ({
  kind: "query",
  sql: `SELECT ${condition} AS done`,
  additive: true,
});

const regclass = (name: QualifiedName): string => `pg_catalog.to_regclass(${literal(qualified(name))})`;

const schemaCondition = (column: string, schema: string | undefined): string =>
  schema === undefined
    ? ""
    : ` AND ${column} = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${literal(schema)})`;

/** Running the step again leaves the same end state. */
export const REPEATABLE: DoneCheck = { kind: "repeatable" };

/** As {@link REPEATABLE}, for a step that removes nothing. */
export const REPEATABLE_ADDITION: DoneCheck = { kind: "repeatable", additive: true };

/** A change of rows, which the catalog does not show. */
export const ROWS: DoneCheck = {
  kind: "journal-only",
  reason: "The catalog does not show whether rows have been changed.",
};

export const relationExists = (name: QualifiedName): DoneCheck => exists(`${regclass(name)} IS NOT NULL`);

export const relationsGone = (names: readonly QualifiedName[]): DoneCheck =>
  query(names.map((name) => `${regclass(name)} IS NULL`).join(" AND "));

export const relationRenamed = (from: QualifiedName, to: QualifiedName): DoneCheck =>
  query(`${regclass(to)} IS NOT NULL AND ${regclass(from)} IS NULL`);

const column = (table: QualifiedName, name: string, condition = ""): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = ${regclass(table)} AND a.attname = ${literal(name)} AND NOT a.attisdropped${condition})`;

export const columnExists = (table: QualifiedName, name: string): DoneCheck => exists(column(table, name));
export const columnGone = (table: QualifiedName, name: string): DoneCheck =>
  query(`NOT ${column(table, name)}`);
export const columnRenamed = (table: QualifiedName, from: string, to: string): DoneCheck =>
  query(`${column(table, to)} AND NOT ${column(table, from)}`);
/** Whether pg_attribute says so of a column that exists. */
export const columnIs = (table: QualifiedName, name: string, condition: string): DoneCheck =>
  query(column(table, name, ` AND a.${condition}`));

const constraint = (table: QualifiedName, name: string, condition = ""): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = ${regclass(table)} AND c.conname = ${literal(name)}${condition})`;

export const constraintExists = (table: QualifiedName, name: string): DoneCheck =>
  exists(constraint(table, name));
export const constraintGone = (table: QualifiedName, name: string): DoneCheck =>
  query(`NOT ${constraint(table, name)}`);
export const constraintValid = (table: QualifiedName, name: string): DoneCheck =>
  exists(constraint(table, name, " AND c.convalidated"));
export const constraintRenamed = (table: QualifiedName, from: string, to: string): DoneCheck =>
  query(`${constraint(table, to)} AND NOT ${constraint(table, from)}`);

/** A complete index of the table, not one whose build has failed or is still running. */
export const indexValid = (table: QualifiedName, name: string): DoneCheck =>
  exists(
    `EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = ${regclass(table)} AND c.relname = ${literal(name)} AND i.indisvalid)`,
  );

const schema = (name: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${literal(name)})`;
export const schemaExists = (name: string): DoneCheck => exists(schema(name));
export const schemasGone = (names: readonly string[]): DoneCheck =>
  query(names.map((name) => `NOT ${schema(name)}`).join(" AND "));
export const schemaRenamed = (from: string, to: string): DoneCheck =>
  query(`${schema(to)} AND NOT ${schema(from)}`);

const domain = ({ schema: inSchema, name }: QualifiedName): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd' AND t.typname = ${literal(name)}${schemaCondition("t.typnamespace", inSchema)})`;
export const domainExists = (name: QualifiedName): DoneCheck => exists(domain(name));
export const domainsGone = (names: readonly QualifiedName[]): DoneCheck =>
  query(names.map((name) => `NOT ${domain(name)}`).join(" AND "));
export const domainRenamed = (from: QualifiedName, to: QualifiedName): DoneCheck =>
  query(`${domain(to)} AND NOT ${domain(from)}`);
const domainConstraint = (name: QualifiedName, constraintName: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.contypid = pg_catalog.to_regtype(${literal(qualified(name))}) AND c.conname = ${literal(constraintName)})`;
export const domainConstraintGone = (name: QualifiedName, constraintName: string): DoneCheck =>
  query(`NOT ${domainConstraint(name, constraintName)}`);
export const domainConstraintRenamed = (name: QualifiedName, from: string, to: string): DoneCheck =>
  query(`${domainConstraint(name, to)} AND NOT ${domainConstraint(name, from)}`);

const role = (name: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = ${literal(name)})`;
export const roleExists = (name: string): DoneCheck => exists(role(name));
export const rolesGone = (names: readonly string[]): DoneCheck =>
  query(names.map((name) => `NOT ${role(name)}`).join(" AND "));
export const roleRenamed = (from: string, to: string): DoneCheck =>
  query(`${role(to)} AND NOT ${role(from)}`);

const routine = (signature: string): string => `pg_catalog.to_regprocedure(${literal(signature)})`;
export const functionExists = (signature: string): DoneCheck => exists(`${routine(signature)} IS NOT NULL`);
export const functionsGone = (signatures: readonly string[]): DoneCheck =>
  query(signatures.map((signature) => `${routine(signature)} IS NULL`).join(" AND "));
/** No function of that name, whatever its arguments. */
export const functionNamesGone = (names: readonly QualifiedName[]): DoneCheck =>
  query(
    names
      .map(
        ({ schema: inSchema, name }) =>
          `NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.proname = ${literal(name)}${inSchema === undefined ? " AND pg_catalog.pg_function_is_visible(p.oid)" : schemaCondition("p.pronamespace", inSchema)})`,
      )
      .join(" AND "),
  );
export const functionRenamed = (from: string, to: string): DoneCheck =>
  query(`${routine(to)} IS NOT NULL AND ${routine(from)} IS NULL`);

const statistics = ({ schema: inSchema, name }: QualifiedName): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxname = ${literal(name)}${schemaCondition("s.stxnamespace", inSchema)})`;
export const statisticsExist = (name: QualifiedName): DoneCheck => exists(statistics(name));
export const statisticsGone = (names: readonly QualifiedName[]): DoneCheck =>
  query(names.map((name) => `NOT ${statistics(name)}`).join(" AND "));
export const statisticsRenamed = (from: QualifiedName, to: QualifiedName): DoneCheck =>
  query(`${statistics(to)} AND NOT ${statistics(from)}`);

const mapping = (roleName: string, arn: string): string =>
  `EXISTS (SELECT FROM sys.iam_pg_role_mappings AS m WHERE m.pg_role_name = ${literal(roleName)} AND m.arn = ${literal(arn)})`;
export const iamGranted = (roleName: string, arn: string): DoneCheck => exists(mapping(roleName, arn));
export const iamRevoked = (roleName: string, arn: string): DoneCheck =>
  query(`NOT ${mapping(roleName, arn)}`);

/** All of several checks. */
export function all(checks: readonly DoneCheck[]): DoneCheck {
  const conditions = checks.flatMap((check) =>
    check.kind === "query" ? check.sql.replace(/^SELECT /, "").replace(/ AS done$/, "") : [],
  );
  const additive = checks.every((check) => check.kind !== "journal-only" && check.additive === true);
  return conditions.length === 0
    ? additive
      ? REPEATABLE_ADDITION
      : REPEATABLE
    : (additive ? exists : query)(conditions.map((condition) => `(${condition})`).join(" AND "));
}
