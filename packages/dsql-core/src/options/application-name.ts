import { DsqlConfigError } from "../errors.ts";
import { VERSION } from "../version.ts";

/** PostgreSQL truncates names to 63 bytes (NAMEDATALEN - 1, PostgreSQL 16 manual, "Identifiers and Key Words"). */
const MAX_BYTES = 63;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
const CONNECTOR = `aurora-dsql-ts/${VERSION}`;

/**
 * The `application_name` of the startup packet: `<ormPrefix>:aurora-dsql-ts/<version>`, or exactly the user's own.
 * @throws DsqlConfigError for a name that PostgreSQL would truncate or change
 */
export function applicationName(options: {
  ormPrefix?: string | undefined;
  applicationName?: string | undefined;
}): string {
  const { applicationName: given, ormPrefix } = options;
  if (given !== undefined) {
    requireThat(PRINTABLE_ASCII.test(given), "application_name must be printable ASCII and not empty.");
    requireThat(
      given.length <= MAX_BYTES,
      `application_name must have at most ${MAX_BYTES} bytes, not ${given.length}.`,
    );
    return given;
  }
  if (ormPrefix === undefined) return CONNECTOR;
  const prefix = ormPrefix.trim();
  requireThat(PRINTABLE_ASCII.test(prefix), "ormPrefix must be printable ASCII and not empty.");
  requireThat(
    !/[:/]/.test(prefix),
    'ormPrefix must not contain ":" or "/": they separate the parts of application_name.',
  );
  const name = `${prefix}:${CONNECTOR}`;
  requireThat(
    name.length <= MAX_BYTES,
    `ormPrefix must have at most ${MAX_BYTES - CONNECTOR.length - 1} characters: application_name has at most ${MAX_BYTES} bytes.`,
  );
  return name;
}

function requireThat(fits: boolean, message: string): void {
  if (!fits) throw new DsqlConfigError(message);
}
