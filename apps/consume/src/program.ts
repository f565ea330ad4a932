/** What a program uses. `telemetry` is the entry dsql-core/opentelemetry. */
export type Part = "core" | "kysely" | "drizzle" | "telemetry";

export type Format = "esm" | "cjs";

interface Source {
  imports: Record<string, string[]>;
  body: string;
}

/**
 * Each writes a row, and adds to it in a transaction that meets a conflict: another session changes the row after the
 * transaction has read it. 1 + 1 of the other + 1 of the transaction is 3, in two attempts.
 */
const SOURCES: Record<Part, Source> = {
  core: {
    imports: { "dsql-core": ["DsqlPool", "DsqlError"] },
    body: `
  const pool = new DsqlPool({ connectionString: process.env.DATABASE_URL });
  const id = (await pool.query("INSERT INTO consumed VALUES (gen_random_uuid(), 1) RETURNING id")).rows[0].id;
  const add = "UPDATE consumed SET n = n + 1 WHERE id = $1";
  let attempts = 0;
  await pool.transactionWithRetry(async (client) => {
    attempts++;
    await client.query("SELECT n FROM consumed WHERE id = $1", [id]);
    if (attempts === 1) await pool.query(add, [id]);
    await client.query(add, [id]);
  });
  const n = (await pool.query("SELECT n FROM consumed WHERE id = $1", [id])).rows[0].n;
  await pool.end();
  const late: unknown = await pool.query("SELECT 1").catch((error: unknown) => error);
  if (!(late instanceof DsqlError) || late.code !== "DSQL_POOL_ENDED") throw new Error("no DsqlError");
  console.log("core", n, attempts);`,
  },
  kysely: {
    imports: { kysely: ["Kysely"], "kysely-dsql": ["DsqlDialect"] },
    body: `
  const db = new Kysely<{ consumed: { id: string; n: number } }>({
    dialect: new DsqlDialect(process.env.DATABASE_URL ?? ""),
  });
  const id = crypto.randomUUID();
  await db.insertInto("consumed").values({ id, n: 1 }).execute();
  let attempts = 0;
  await db.transactionWithRetry(async (trx) => {
    attempts++;
    await trx.selectFrom("consumed").select("n").where("id", "=", id).executeTakeFirstOrThrow();
    if (attempts === 1)
      await db.updateTable("consumed").set((eb) => ({ n: eb("n", "+", 1) })).where("id", "=", id).execute();
    await trx.updateTable("consumed").set((eb) => ({ n: eb("n", "+", 1) })).where("id", "=", id).execute();
  });
  const { n } = await db.selectFrom("consumed").select("n").where("id", "=", id).executeTakeFirstOrThrow();
  await db.destroy();
  console.log("kysely", n, attempts);`,
  },
  drizzle: {
    imports: {
      "drizzle-dsql": ["drizzle"],
      "drizzle-orm": ["eq", "sql"],
      "drizzle-orm/pg-core": ["integer", "pgTable", "uuid"],
    },
    body: `
  const consumed = pgTable("consumed", { id: uuid().primaryKey(), n: integer().notNull() });
  const db = drizzle(process.env.DATABASE_URL ?? "");
  const id = crypto.randomUUID();
  await db.insert(consumed).values({ id, n: 1 });
  let attempts = 0;
  await db.transactionWithRetry(async (tx) => {
    attempts++;
    await tx.select().from(consumed).where(eq(consumed.id, id));
    if (attempts === 1) await db.update(consumed).set({ n: sql\`\${consumed.n} + 1\` }).where(eq(consumed.id, id));
    await tx.update(consumed).set({ n: sql\`\${consumed.n} + 1\` }).where(eq(consumed.id, id));
  });
  const [row] = await db.select().from(consumed).where(eq(consumed.id, id));
  await db.$client.end();
  console.log("drizzle", row?.n, attempts);`,
  },
  telemetry: {
    imports: { "dsql-core/opentelemetry": ["openTelemetry"] },
    body: `
  const telemetry = openTelemetry();
  console.log("telemetry", 3, telemetry.connectionOpened === undefined ? 0 : 2);`,
  },
};

/** The program as a function `main`, without a call of it. */
export function programOf(parts: readonly Part[], format: Format, typed: boolean): string {
  const sources = parts.map((part) => SOURCES[part]);
  const names = new Map<string, Set<string>>();
  for (const [from, imported] of sources.flatMap(({ imports }) => Object.entries(imports)))
    names.set(from, new Set([...(names.get(from) ?? []), ...imported]));
  const imports = [...names].map(([from, imported]) =>
    format === "esm"
      ? `import { ${[...imported].join(", ")} } from "${from}";`
      : `const { ${[...imported].join(", ")} } = require("${from}");`,
  );
  const bodies = sources.map(({ body }) => `  {${indent(typed ? body : withoutTypes(body))}\n  }`);
  return `${imports.join("\n")}\n\nasync function main() {\n${bodies.join("\n")}\n}\n`;
}

/** Throws unless every part has printed that its transaction took two attempts and made 3. */
export function demandOutput(output: string, parts: readonly Part[]): void {
  const missing = parts.filter((part) => !output.includes(`${part} 3 2`));
  if (missing.length > 0) throw new Error(`${missing.join(", ")} did not print "3 2":\n${output}`);
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

/** The few types that the bodies have. */
function withoutTypes(body: string): string {
  return body
    .replace("<{ consumed: { id: string; n: number } }>", "")
    .replace("const late: unknown", "const late")
    .replace("(error: unknown)", "(error)");
}
