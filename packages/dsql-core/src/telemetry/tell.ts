import type { DsqlLogger } from "./logger.ts";

/** Writes a line to a logger, if there is one; a logger that throws changes nothing. */
export function tell(
  logger: DsqlLogger | undefined,
  level: keyof DsqlLogger,
  message: string,
  details: Readonly<Record<string, unknown>>,
): void {
  try {
    logger?.[level]?.(message, details);
  } catch {}
}
