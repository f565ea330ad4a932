import { DsqlConfigError } from "../errors.ts";

/** The longest that Node's timers can wait; a longer one would end at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** @throws DsqlConfigError unless the value is a whole number of milliseconds that a timer can wait */
export function demandMilliseconds(value: unknown, name: string, from: number): void {
  demandWholeNumber(value, name, from, MAX_TIMER_MS);
}

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
    `${name} must be a whole number ${range}, not ${typeof value === "number" ? value : `a ${typeof value}`}.`,
  );
}

/** @throws DsqlConfigError unless the value is true or false */
export function demandBoolean(value: unknown, name: string): void {
  if (typeof value !== "boolean") throw new DsqlConfigError(`${name} must be true or false.`);
}

/** @throws DsqlConfigError unless the value is a string that a startup packet can contain */
export function demandText(value: unknown, name: string): asserts value is string {
  // A zero byte would end the value inside the packet.
  if (typeof value !== "string" || value === "" || value.includes("\0"))
    throw new DsqlConfigError(`${name} must be a non-empty string.`);
}

/** @throws DsqlConfigError unless the value is an object, or a function where functions are allowed */
export function demandObject(value: unknown, name: string, wanted: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DsqlConfigError(`${name} must be ${wanted}.`);
}
