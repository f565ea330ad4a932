import type { DsqlPool } from "dsql-core";
import { escapeIdentifier, escapeLiteral } from "pg";
import { createIfMissing, runRepeatable } from "../apply/repeatable.ts";
import { MigrateError } from "../errors.ts";

/** What an application role may do with the rows of its schemas. */
export type RoleAccess = "read-write" | "read-only";

/** An application's own database role, which logs in with `dsql:DbConnect` and cannot change the schema. */
export interface ApplicationRole {
  /** The role's name. `admin` is refused. */
  name: string;
  /** ARNs of the IAM roles or users that may log in as this role. */
  iamArns: readonly string[];
  /** @default ["public"] */
  schemas?: readonly string[] | undefined;
  /** @default "read-write" */
  access?: RoleAccess | undefined;
}

/** One statement of a role's setup. */
export interface RoleStatement {
  sql: string;
  /** Its purpose, in a few words. */
  purpose: string;
  /** Whether it is in effect already; then it is skipped. */
  done: boolean;
}

const PRIVILEGES: Readonly<Record<RoleAccess, { tables: string[]; sequences: string[] }>> = {
  "read-write": { tables: ["SELECT", "INSERT", "UPDATE", "DELETE"], sequences: ["USAGE", "SELECT"] },
  "read-only": { tables: ["SELECT"], sequences: ["SELECT"] },
};

/** An ARN of an IAM role, user, or assumed role. */
const IAM_ARN = /^arn:aws[a-z-]*:(iam|sts)::\d{12}:(role|user|assumed-role)\/[\w+=,.@/-]+$/;

/**
 * The statements that create an application role, each with whether it is in effect already. Changes nothing.
 * Tables that the user of the pool creates later are covered too, through `ALTER DEFAULT PRIVILEGES`.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` for an invalid name, ARN or schema
 */
export async function planRole(pool: DsqlPool, role: ApplicationRole): Promise<RoleStatement[]> {
  requireUsable(role);
  const { name, iamArns, schemas = ["public"], access = "read-write" } = role;
  const { tables, sequences } = PRIVILEGES[access];
  const quoted = escapeIdentifier(name);
  const literal = escapeLiteral(name);
  const exists = await isTrue(pool, `EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = ${literal})`);
  const ifExists = async (condition: string) => exists && (await isTrue(pool, condition));
  const statements: RoleStatement[] = [
    { sql: `CREATE ROLE ${quoted} WITH LOGIN`, purpose: "the role", done: exists },
  ];
  for (const arn of iamArns) {
    statements.push({
      sql: `AWS IAM GRANT ${quoted} TO ${escapeLiteral(arn)}`,
      purpose: `${arn} may log in as ${name}`,
      done: await ifExists(
        `EXISTS (SELECT 1 FROM sys.iam_pg_role_mappings WHERE pg_role_name = ${literal} AND arn = ${escapeLiteral(arn)})`,
      ),
    });
  }
  for (const schema of schemas) {
    const schemaExists = await isTrue(
      pool,
      `EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ${escapeLiteral(schema)})`,
    );
    if (!schemaExists) {
      throw new MigrateError(
        "DSQL_MIGRATE_INPUT",
        `There is no schema ${schema}: create it, or deploy first.`,
      );
    }
    const at = escapeIdentifier(schema);
    statements.push({
      sql: `GRANT USAGE ON SCHEMA ${at} TO ${quoted}`,
      purpose: `use of schema ${schema}`,
      done: await ifExists(`has_schema_privilege(${literal}, ${escapeLiteral(schema)}, 'USAGE')`),
    });
    for (const { kind, privileges, relkinds, test } of [
      { kind: "TABLES", privileges: tables, relkinds: "'r', 'p', 'v'", test: "has_table_privilege" },
      { kind: "SEQUENCES", privileges: sequences, relkinds: "'S'", test: "has_sequence_privilege" },
    ]) {
      const list = privileges.join(", ");
      const lacking = privileges
        .map((privilege) => `NOT ${test}(${literal}, c.oid, '${privilege}')`)
        .join(" OR ");
      statements.push({
        sql: `GRANT ${list} ON ALL ${kind} IN SCHEMA ${at} TO ${quoted}`,
        purpose: `the ${kind.toLowerCase()} that exist in ${schema}`,
        done: await ifExists(
          `NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ${escapeLiteral(schema)} AND c.relkind IN (${relkinds}) AND CASE WHEN c.relkind IN (${relkinds}) THEN ${lacking} END)`,
        ),
      });
      const objectType = kind === "TABLES" ? "r" : "S";
      statements.push({
        sql: `ALTER DEFAULT PRIVILEGES IN SCHEMA ${at} GRANT ${list} ON ${kind} TO ${quoted}`,
        purpose: `${kind.toLowerCase()} created later in ${schema}`,
        done: await ifExists(
          `${privileges.length} = (SELECT count(DISTINCT a.privilege_type) FROM pg_catalog.pg_default_acl AS d JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) AS a JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee WHERE n.nspname = ${escapeLiteral(schema)} AND d.defaclobjtype = '${objectType}' AND pg_get_userbyid(d.defaclrole) = current_user AND r.rolname = ${literal} AND a.privilege_type IN (${privileges.map(escapeLiteral).join(", ")}))`,
        ),
      });
    }
  }
  return statements;
}

/** Runs the statements of {@link planRole} that are not in effect, each by itself, and returns them. It may be called repeatedly. */
export async function createRole(pool: DsqlPool, role: ApplicationRole): Promise<RoleStatement[]> {
  const open = (await planRole(pool, role)).filter(({ done }) => !done);
  for (const { sql } of open) {
    try {
      await createIfMissing(pool, sql);
    } catch (error) {
      throw new MigrateError("DSQL_MIGRATE_FAILED", `${sql} failed: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return open;
}

function requireUsable({ name, iamArns, schemas }: ApplicationRole): void {
  if (name === "" || name === "admin" || name === "public" || name.startsWith("pg_")) {
    throw new MigrateError(
      "DSQL_MIGRATE_INPUT",
      `"${name}" cannot be an application role: choose another name, such as app.`,
    );
  }
  if (Buffer.byteLength(name) > 63) {
    throw new MigrateError("DSQL_MIGRATE_INPUT", `The role's name is longer than 63 bytes.`);
  }
  for (const arn of iamArns) {
    if (!IAM_ARN.test(arn)) {
      throw new MigrateError(
        "DSQL_MIGRATE_INPUT",
        `"${arn}" is not the ARN of an IAM role or user, such as arn:aws:iam::111122223333:role/my-service.`,
      );
    }
  }
  if (schemas?.length === 0) throw new MigrateError("DSQL_MIGRATE_INPUT", "schemas must name a schema.");
}

async function isTrue(pool: DsqlPool, expression: string): Promise<boolean> {
  const { rows } = await runRepeatable<{ yes: boolean }>(pool, `SELECT (${expression}) AS yes`);
  return rows[0]?.yes === true;
}
