import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { LocalDsql } from "dsql-local";
import type { AdapterUnderTest } from "../adapter-under-test.ts";
import type { Disturbance, FromChild, PhaseName, PhaseOutcome, ToChild } from "./phases.ts";

/** How a child process ended, and what it saw before. */
export interface ChildReport {
  exitCode: number | null;
  outcomes: Partial<Record<PhaseName, PhaseOutcome>>;
  stderr: string;
}

/** Runs all phases in a child process that opens the adapter by itself, with or without a listener on its pool. */
export async function runChild(
  adapter: AdapterUnderTest,
  local: LocalDsql,
  listens: boolean,
): Promise<ChildReport> {
  const child = fork(createRequire(import.meta.url).resolve("adapter-conformance/child"), {
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const report: ChildReport = { exitCode: null, outcomes: {}, stderr: "" };
  child.stderr?.on("data", (chunk) => {
    report.stderr += chunk;
  });
  const send = (message: ToChild) => child.connected && child.send(message);
  child.on("message", (message: FromChild) => {
    if (message.kind === "disturb") {
      void disturb(local, message.how).then(() => send({ kind: "disturbed" }));
    } else {
      report.outcomes[message.phase] = message.outcome;
      if (message.outcome === "other") report.stderr += `${message.phase}: ${message.message}\n`;
    }
  });
  const { url, exportName, alias = {} } = adapter.module;
  send({
    kind: "start",
    module: fileURLToPath(url),
    exportName,
    alias,
    connection: { ...local.connection },
    listens,
  });
  const [exitCode] = await once(child, "exit");
  return { ...report, exitCode };
}

async function disturb(local: LocalDsql, how: Disturbance): Promise<void> {
  if (how === "close-all") {
    for (const endpoint of local.endpoints) {
      await endpoint.takeAway();
      await endpoint.bringBack();
    }
    return;
  }
  const points = {
    "cut-before-begin": "before-begin",
    "cut-in-statement": "in-statement",
    "cut-before-commit": "before-commit",
    "cut-after-commit": "after-commit",
  } as const;
  local.faults.cutConnection(points[how]);
}
