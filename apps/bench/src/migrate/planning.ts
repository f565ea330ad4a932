import { planMigration } from "dsql-migrate";
import { parse } from "libpg-query";
import type { BenchContext } from "../bench-context.ts";
import { comparisonOf, takeTurns } from "../measure/interleaved.ts";
import { finding } from "../report/finding.ts";

const STATEMENTS = 1000;
const GOAL = 5;

/** Planning a script of 1,000 statements, against parsing the same text alone. */
export async function planning({ report }: BenchContext): Promise<void> {
  const sql = script(STATEMENTS);
  const { ok, problems } = await planMigration(sql);
  if (!ok) throw new Error(`The script is refused: ${problems[0]?.message}`);
  const runs = await takeTurns(
    () => planMigration(sql),
    () => parse(sql),
    { rounds: 20, operations: 3, concurrency: 1 },
  );
  const { baselineUs, ratio } = comparisonOf([runs]);
  report(
    finding({
      bench: "migrate",
      case: `planning ${STATEMENTS} statements, against parsing them`,
      metric: "time",
      unit: "ms",
      value: (baselineUs * ratio) / 1000,
      baseline: baselineUs / 1000,
      goal: { of: "ratio", is: "<=", limit: GOAL },
    }),
  );
}

/** What an ORM's generator writes: of five statements one creates a table, the others complete or fill it. */
function script(statements: number): string {
  const parts: string[] = [];
  for (let number = 0; parts.length < statements; number++) {
    const table = `"table_${number}"`;
    parts.push(
      `CREATE TABLE ${table} (
  "id" serial PRIMARY KEY NOT NULL,
  "tenant_id" uuid NOT NULL,
  "name" varchar(120) COLLATE "C" NOT NULL, -- shown to people
  "price" numeric(10, 2) DEFAULT 0 NOT NULL CHECK (price >= 0),
  "created_at" timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT "table_${number}_name" UNIQUE("tenant_id", "name")
);`,
      `ALTER TABLE ${table} ADD COLUMN "parent_id" bigint;`,
      `ALTER TABLE ${table} ADD CONSTRAINT "table_${number}_parent" FOREIGN KEY ("parent_id") REFERENCES ${table}("id") ON DELETE cascade;`,
      `CREATE INDEX "table_${number}_created" ON ${table} USING btree ("tenant_id" ASC, "created_at");`,
      `INSERT INTO ${table} ("tenant_id", "name") VALUES (gen_random_uuid(), 'first'), (gen_random_uuid(), 'second');`,
    );
  }
  return parts.slice(0, statements).join("\n");
}
