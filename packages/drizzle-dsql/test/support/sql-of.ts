import { type SQL, sql } from "drizzle-orm";

/** Makes Drizzle's SQL of a text with `$1` parameters; `valueAt` says what stands for the parameter of that number. */
export function sqlOf(text: string, valueAt: (index: number) => unknown): SQL {
  const parts = text.split(/\$(\d+)/);
  return sql.join(
    parts.map((part, at) => (at % 2 === 0 ? sql.raw(part) : sql`${valueAt(Number(part) - 1)}`)),
  );
}

export function sqlWithValues(text: string, values: readonly unknown[] = []): SQL {
  return sqlOf(text, (index) => sql.param(values[index]));
}
