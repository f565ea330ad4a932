import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { databaseState, emptyDatabase } from "./database-state.ts";
import { type ChildRun, runMigrationChild } from "./run-migration-child.ts";

/** Whether to try every kill point; otherwise a few of each kind. */
const ALL = process.env.KILL_POINTS === "all";

/** A way to migrate: a program that applies its migrations with `runMigrationChild` of this package's child entry. */
export interface MigrationsUnderTest {
  name: string;
  child: URL;
}

/** The faults that a deployment meets just before it is killed. */
const FAULTS: Record<string, (local: LocalDsql) => void> = {
  "a commit whose response never arrives": ({ faults }) => faults.dropCommitResponse(),
  "a connection cut after its commit": ({ faults }) => faults.cutConnection("after-commit"),
  "a connection cut before its commit": ({ faults }) => faults.cutConnection("before-commit"),
  "a connection cut in a statement": ({ faults }) => faults.cutConnection("in-statement"),
  "a connection cut before BEGIN": ({ faults }) => faults.cutConnection("before-begin"),
  "a data conflict": ({ faults }) => faults.conflictCommits(2),
  "a schema conflict": ({ faults }) => faults.conflictCommits(2, "OC001"),
  "a server unavailable to a statement": ({ faults }) => faults.serverUnavailable("statement"),
  "a server unavailable after a commit": ({ faults }) => faults.serverUnavailable("after-commit"),
  "refused logins": ({ faults }) => faults.refuseConnections("53400", 2),
};

/** Kills deployments at every point, and shows that the next one ends like an undisturbed one. */
export function describeMigrations({ name, child }: MigrationsUnderTest): void {
  describe(`migrations of ${name}`, { timeout: ALL ? 3_600_000 : 300_000 }, () => {
    let local: LocalDsql;
    let pool: DsqlPool;
    let undisturbed: Record<string, unknown>;
    let first: ChildRun;
    let points = 0;

    beforeAll(async () => {
      local = await startLocalDsql();
      pool = new DsqlPool({ ...local.connection, max: 2 });
      first = await runMigrationChild(child, local, { leaseMs: 15_000 });
      undisturbed = await databaseState(pool);
      await emptyDatabase(pool);
    });
    afterAll(async () => {
      if (ALL) console.log(`${name}: ${points} kill points`);
      await pool.end();
      await local.stop();
    });
    afterEach(() => emptyDatabase(pool));

    /** Expects that the next deployment finishes by itself, and leaves the same state as an undisturbed one. */
    async function expectToFinish(where: string): Promise<void> {
      points += 1;
      local.faults.clear();
      const { events, exitCode } = await runMigrationChild(child, local, { leaseMs: 1000 });
      expect(events.at(-1), where).toEqual({ type: "finished" });
      expect(exitCode, where).toBe(0);
      expect(await databaseState(pool), where).toEqual(undisturbed);
      await emptyDatabase(pool);
    }

    test("finish undisturbed", () => {
      expect(first.events.at(-1)).toEqual({ type: "finished" });
    });

    test("continue where a process was killed, at every event", async () => {
      for (let killAt = 1; ; killAt += ALL ? 1 : 14) {
        const { signal } = await runMigrationChild(child, local, { leaseMs: 1000, killAt });
        if (signal === null) break;
        await expectToFinish(`killed at event ${killAt}`);
      }
    });

    test("continue where a process was killed in the middle of a step", async () => {
      const steps = first.events.filter(({ type }) => type === "step-started").length;
      for (let point = ALL ? 0 : 0.3; point < steps; point += ALL ? 0.25 : 7.4) {
        local.faults.latency({ roundTripMs: 5, commitMs: 40 });
        let started = 0;
        const { signal } = await runMigrationChild(child, local, {
          leaseMs: 1000,
          onEvent: ({ type }, kill) => {
            if (type !== "step-started" || started++ !== Math.floor(point)) return;
            setTimeout(kill, (point % 1) * 100);
          },
        });
        expect(signal, `step ${point}`).toBe("SIGKILL");
        await expectToFinish(`killed in step ${point}`);
      }
    });

    test("continue where a process was killed after a fault", async () => {
      const steps = first.events.filter(({ type }) => type === "step-started").length;
      for (const [index, [fault, arm]] of Object.entries(FAULTS).entries()) {
        if (!ALL && index % 5 !== 0) continue;
        for (const step of ALL ? [1, Math.floor(steps / 2)] : [(index * 3) % steps]) {
          let started = 0;
          await runMigrationChild(child, local, {
            leaseMs: 1000,
            onEvent: ({ type }, kill) => {
              if (type !== "step-started" || started++ !== step) return;
              arm(local);
              setTimeout(kill, 60);
            },
          });
          await expectToFinish(`${fault} in step ${step}`);
        }
      }
    });
  });
}
