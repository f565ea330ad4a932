import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { planMigrations } from "../../src/index.ts";
import { RULES } from "../../src/plan/rules.ts";
import { BASE, SAMPLES } from "./statement-samples.ts";
import { supportPage } from "./support-table.ts";

const page = fileURLToPath(new URL("../../../../docs/migrations-support.md", import.meta.url));

test("documents every statement and every rule", () => {
  if (process.env.UPDATE_DOCS) writeFileSync(page, supportPage());
  expect(readFileSync(page, "utf8")).toBe(supportPage());
});

test("has a statement that meets each rule", async () => {
  const met = new Set<string>();
  const inputs = [
    ...Object.values(SAMPLES).flat(),
    "\\connect other\nSELECT 1;",
    "\\restrict abc\nSELECT 1;\n\\unrestrict abc",
    "SELEC 1",
    "CREATE TABLE t (c something)",
    "ALTER TABLE unknown ADD COLUMN a int DEFAULT 1",
    "ALTER TABLE parent ADD COLUMN a int NOT NULL; ALTER TABLE parent ALTER COLUMN a DROP NOT NULL",
    "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY); ALTER TABLE b ADD FOREIGN KEY (id) REFERENCES a (id)",
    "ALTER TABLE item OWNER TO somebody",
    Array.from({ length: 30 }, (_, number) => `CREATE INDEX i${number} ON item (name);`).join("\n"),
  ];
  for (const options of [
    {},
    { recreate: true },
    { enums: "domain" },
    { enums: "refuse", noOwner: true },
  ] as const) {
    for (const sql of inputs) {
      const plans = await planMigrations(
        [
          { name: "base", sql: BASE },
          { name: "input", sql },
        ],
        options,
      );
      for (const { plan } of plans) {
        for (const { rule } of plan.problems) met.add(rule);
        for (const { changes } of plan.steps) for (const { rule } of changes) met.add(rule);
      }
    }
  }
  expect(Object.keys(RULES).filter((rule) => !met.has(rule))).toEqual([]);
});
