/** Locks that all transactions together can hold; the setting counts per connection. */
const MIN_LOCKS = 16_000;

/** Server settings of the PostgreSQL behind the endpoint, as `-c name=value` arguments. */
export function serverSettings(options: { socketDirectory: string; maxConnections: number }): string[] {
  const settings: Record<string, string> = {
    ...(process.platform === "win32"
      ? { listen_addresses: "127.0.0.1" }
      : {
          listen_addresses: "",
          unix_socket_directories: options.socketDirectory,
          unix_socket_permissions: "0700",
        }),
    max_connections: String(options.maxConnections),
    // With many connections the lock tables dominate the start-up time; nothing runs SERIALIZABLE.
    max_locks_per_transaction: String(Math.max(16, Math.ceil(MIN_LOCKS / options.maxConnections))),
    max_pred_locks_per_transaction: "10",
    default_transaction_isolation: "repeatable read",
    timezone: "UTC",
    log_timezone: "UTC",
    // At COMMIT data is written to the operating system, not to disk: it survives a killed process, but not a power failure.
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "on",
    wal_level: "minimal",
    max_wal_senders: "0",
    max_wal_size: "512MB",
    // The data directory is copied, so it keeps no spare WAL files.
    min_wal_size: "2MB",
    // Autovacuum's lock to truncate a table would look like another transaction's.
    autovacuum: "off",
    jit: "off",
    // A parallel worker checks default_text_search_config when it starts; the configurations are deleted, so it would fail.
    max_parallel_workers_per_gather: "0",
    max_parallel_maintenance_workers: "0",
    // Temporary space that a query can use; problems.ts has DSQL's message for it.
    temp_file_limit: "131072kB",
    log_min_messages: "log",
    log_checkpoints: "off",
    // A role can act as the roles that it creates, as DSQL's admin can.
    createrole_self_grant: "set, inherit",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
