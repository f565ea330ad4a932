import { DsqlConfigError } from "../errors.ts";

/** @throws DsqlConfigError unless the value is a whole number in range */
export function demandWholeNumber(value: unknown, name: string, from: number, to?: number): void {
  if (
    Number.isSafeInteger(value) &&
    (value as number) >= from &&
    (to === undefined || (value as number) <= to)
  )
    return;
  const range = to === undefined ? `from ${from}` : `from ${from} to ${to}`;
  throw new DsqlConfigError(
    `${name} takes a whole number ${range}, not ${typeof value === "number" ? value : `a ${typeof value}`}.`,
  );
}

/** @throws DsqlConfigError unless the value is true or false */
export function demandBoolean(value: unknown, name: string): void {
  if (typeof value !== "boolean") throw new DsqlConfigError(`${name} takes true or false.`);
}

/** @throws DsqlConfigError unless the value is a text that a startup packet can hold */
export function demandText(value: unknown, name: string): void {
  // A zero byte would end the value inside the packet.
  if (typeof value !== "string" || value === "" || value.includes("\0"))
    throw new DsqlConfigError(`${name} takes a text that is not empty.`);
}
