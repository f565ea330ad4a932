/**
 * Parameters of PostgreSQL that every session's backend connection starts with; clients cannot change them.
 *
 * A backend that waits for a lock says so to its own session (`log_lock_waits`, after `deadlock_timeout`).
 */
export const BACKEND_SETTINGS: Readonly<Record<string, string>> = {
  client_min_messages: "log",
  log_min_messages: "fatal",
  log_lock_waits: "on",
  deadlock_timeout: "1ms",
};
