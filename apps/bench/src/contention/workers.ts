import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { reply } from "../endpoint/endpoint-process.ts";
import type { ClientsPlan, TimedOutcome } from "./run-clients.ts";

/** Processes of clients that start together. */
export interface Workers extends AsyncDisposable {
  /** Runs a plan in each process, as many as there are plans. */
  run(plans: readonly ClientsPlan[]): Promise<TimedOutcome[]>;
}

/** Forks that many processes; disposing of them ends them. */
export function startWorkers(count: number): Workers {
  const children = Array.from({ length: count }, () =>
    fork(fileURLToPath(import.meta.resolve("./worker-main.js"))),
  );
  return {
    async run(plans) {
      const used = plans.map((plan, index) => ({ plan, child: children[index] as ChildProcess }));
      await Promise.all(used.map(({ plan, child }) => ask(child, { plan })));
      return await Promise.all(
        used.map(
          async ({ child }) => ((await ask(child, { go: true })) as { outcome: TimedOutcome }).outcome,
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const exited = once(child, "exit");
          child.disconnect();
          await exited;
        }),
      );
    },
  };
}

async function ask(child: ChildProcess, message: object): Promise<unknown> {
  const answer = reply(child);
  child.send(message);
  const said = (await answer) as { failed?: string };
  if (said.failed !== undefined) throw new Error(`a process of clients failed: ${said.failed}`);
  return said;
}
