import { DsqlPool } from "dsql-core";

/** A child process's access to the database. */
export interface ChildMigration {
  pool: DsqlPool;
  leaseMs: number;
  /** Prints the event for the parent, and ends the process at the event that the parent chose. */
  onEvent: (event: object) => void;
}

/**
 * The main program of a child process that migrates: it connects as `DSQL_CONNECTION` says, prints each event as a line of
 * JSON, and kills itself without warning at event number `KILL_AT`, if that is set.
 */
export async function runMigrationChild(migrate: (given: ChildMigration) => Promise<unknown>): Promise<void> {
  const pool = new DsqlPool({ ...JSON.parse(process.env.DSQL_CONNECTION ?? "{}"), max: 3 });
  pool.on("error", () => undefined);
  const killAt = Number(process.env.KILL_AT ?? "0");
  let events = 0;
  const print = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
  try {
    await migrate({
      pool,
      leaseMs: Number(process.env.LEASE_MS ?? "15000"),
      onEvent: (event) => {
        events += 1;
        print(event);
        if (events === killAt) process.kill(process.pid, "SIGKILL");
      },
    });
    print({ type: "finished" });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    print({ type: "failed", code, message });
    process.exitCode = 1;
  } finally {
    await pool.end();
  }
}
export { type SqlMigration, shopMigrations } from "./shop.ts";
