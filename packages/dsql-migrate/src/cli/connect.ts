import { DsqlPool } from "dsql-core";
import { type Terminal, UsageError } from "./command.ts";

/** The options of each command that connects. */
export const CONNECTION_OPTIONS = { url: { type: "string" } } as const;

export const CONNECTION_USAGE = `  --url <connection string>   the cluster, as in postgresql://admin@<endpoint>/postgres;
                              the default is the environment variable DATABASE_URL`;

/** Calls `work` with a pool, and ends the pool in every case. */
export async function withPool<T>(
  given: { url?: string | undefined },
  terminal: Terminal,
  work: (pool: DsqlPool) => Promise<T>,
): Promise<T> {
  const connectionString = given.url ?? terminal.env.DATABASE_URL;
  if (connectionString === undefined || connectionString === "") {
    throw new UsageError(
      "No cluster is named. Set DATABASE_URL, or pass --url postgresql://admin@<cluster endpoint>/postgres.",
    );
  }
  const pool = new DsqlPool({ connectionString, ormPrefix: "dsql-migrate", max: 4 });
  pool.on("error", () => undefined);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** A signal that aborts at the first SIGINT or SIGTERM; a second one ends the process as usual. */
export async function untilInterrupted<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    terminal.off?.("SIGINT", stop);
    terminal.off?.("SIGTERM", stop);
    terminal.stderr.write("Stopping after the current statement. Interrupt again to exit at once.\n");
    controller.abort();
  };
  terminal.on?.("SIGINT", stop);
  terminal.on?.("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    terminal.off?.("SIGINT", stop);
    terminal.off?.("SIGTERM", stop);
  }
}
