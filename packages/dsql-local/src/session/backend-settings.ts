/** Parameters of PostgreSQL that every session's backend connection starts with; clients cannot change them. */
export const BACKEND_SETTINGS: Readonly<Record<string, string>> = {
  // Nobody waits for another's lock: a conflict is told at once.
  lock_timeout: "2ms",
};
