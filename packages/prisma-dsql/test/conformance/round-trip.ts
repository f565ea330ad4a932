import { randomUUID } from "node:crypto";
import type { ColumnName } from "adapter-conformance";
import { Prisma, type PrismaClient, type PrismaTypes } from "./client.ts";

/** What Prisma's model takes for a value in the suite's form, where that is not the same. */
const toModel: Partial<Record<ColumnName, (value: string) => unknown>> = {
  c_date: (value) => new Date(`${value}T00:00:00Z`),
  c_time: (value) => new Date(`1970-01-01T${value}Z`),
  c_timestamp: (value) => new Date(`${value.replace(" ", "T")}Z`),
};

/** The suite's form of what Prisma's model gives. */
const fromModel: Partial<Record<ColumnName, (value: never) => unknown>> = {
  c_numeric: (value: PrismaTypes.Decimal) => value.toFixed(10),
  c_date: (value: Date) => value.toISOString().slice(0, 10),
  c_time: (value: Date) => withoutZeros(value.toISOString().slice(11, -1)),
  c_timestamp: (value: Date) => withoutZeros(value.toISOString().slice(0, -1).replace("T", " ")),
};

const jsonColumns = new Set<ColumnName>(["c_json", "c_jsonb"]);

/** Writes a value through the model and reads it back. */
export async function roundTrip(prisma: PrismaClient, column: ColumnName, value: unknown): Promise<unknown> {
  if (column === "c_interval") return intervalRoundTrip(prisma, value);
  const id = randomUUID();
  const data = { id, [column]: given(column, value) } as PrismaTypes.ColumnCreateInput;
  await prisma.column.create({ data });
  const { [column]: back } = await prisma.column.findUniqueOrThrow({ where: { id } });
  return back === null ? null : (fromModel[column]?.(back as never) ?? back);
}

/** Prisma's models leave columns of unsupported types to raw SQL. */
async function intervalRoundTrip(prisma: PrismaClient, value: unknown): Promise<unknown> {
  const id = randomUUID();
  await prisma.$executeRaw`INSERT INTO conformance_column (id, c_interval) VALUES (${id}::uuid, ${value}::text::interval)`;
  const [row] = await prisma.$queryRaw<{ back: unknown }[]>`
    SELECT c_interval::text AS back FROM conformance_column WHERE id = ${id}::uuid`;
  return row?.back;
}

function given(column: ColumnName, value: unknown): unknown {
  if (value === null) return jsonColumns.has(column) ? Prisma.DbNull : null;
  return toModel[column]?.(value as string) ?? value;
}

function withoutZeros(time: string): string {
  return time.replace(/\.000$/, "");
}
