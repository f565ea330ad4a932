import {
  checksumOf,
  type PlannedMigration,
  type PlanStep,
  type StepJob,
  type StepKind,
} from "../../src/index.ts";

/** A migration of hand-written steps, so that what applies plans is tested apart from what makes them. */
export function migrationOf(name: string, ...steps: PlanStep[]): PlannedMigration {
  const indexed = steps.map((step, index) => ({ ...step, index }));
  return {
    name,
    checksum: checksumOf(JSON.stringify(steps.map(({ sql }) => sql))),
    plan: { steps: indexed, problems: [], ok: true },
  };
}

export function createTable(table: string, columns = "id bigint PRIMARY KEY"): PlanStep {
  return step(
    "ddl",
    `CREATE TABLE ${table} (${columns})`,
    `SELECT to_regclass('${table}') IS NOT NULL AS done`,
  );
}

export function dml(sql: string): PlanStep {
  return step("dml", sql);
}

export function createIndex(name: string, table: string, column: string, unique = false): PlanStep {
  return {
    ...step(
      "async-job",
      `CREATE ${unique ? "UNIQUE " : ""}INDEX ASYNC ${name} ON ${table} (${column})`,
      `SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('${name}') AND indisvalid) AS done`,
    ),
    job: { kind: "index", table, name } satisfies StepJob,
  };
}

function step(kind: StepKind, sql: string, doneSql?: string): PlanStep {
  return {
    index: 0,
    sql,
    kind,
    source: { line: 1, column: 1, offset: 0, length: sql.length },
    original: sql,
    changes: [],
    safeToRepeat: false,
    done:
      doneSql === undefined
        ? { kind: "journal-only", reason: "a data change" }
        : { kind: "query", sql: doneSql },
  };
}
