import type { LocalDsqlOptions } from "../cluster/options.ts";
import type { LocalDsql } from "../endpoint/local-dsql.ts";
import { startLocalDsql } from "../endpoint/start-local-dsql.ts";
import { differences } from "./compare.ts";
import { ProbeClient } from "./probe-client.ts";
import type { RecordedCase, RecordingFolder } from "./recording.ts";

/** The outcome of one case. */
export interface CaseResult {
  file: string;
  group: string;
  name: string;
  verdict: "match" | "difference";
  differences: { step: number; sql: string; difference: string }[];
}

/**
 * Builds that outlast the next few statements, as on a cluster, without OC001 from them: which case on another connection
 * would get it is an accident of timing.
 */
const REPLAY_OPTIONS: LocalDsqlOptions = { indexBuildMs: 500, schemaConflicts: false };

/** Replays every case on a connection of its own; each file gets a fresh endpoint on which the setup has run. */
export async function* replay(folder: RecordingFolder): AsyncGenerator<CaseResult> {
  for (const { file, cases } of folder.recordings) {
    const local = await startLocalDsql(REPLAY_OPTIONS);
    try {
      await prepare(local, folder.setup);
      for (const recorded of cases) yield await replayCase(local, file, recorded);
    } finally {
      await local.stop();
    }
  }
}

async function prepare(local: LocalDsql, setup: readonly string[]): Promise<void> {
  const client = await ProbeClient.connect(local);
  try {
    for (const sql of setup) {
      const { outcome, message } = await client.observe(sql, false);
      if (outcome === "error") throw new Error(`the setup failed: ${message}: ${sql}`);
    }
  } finally {
    await client.end();
  }
}

async function replayCase(local: LocalDsql, file: string, recorded: RecordedCase): Promise<CaseResult> {
  const client = await ProbeClient.connect(local);
  const found: CaseResult["differences"] = [];
  try {
    for (const [index, sql] of recorded.steps.entries()) {
      const expected = recorded.observations[index];
      const actual = await client.observe(sql, recorded.simple_protocol ?? false);
      if (!expected) continue;
      for (const difference of differences(expected, actual, recorded.ignore_rows ?? false)) {
        found.push({ step: index + 1, sql, difference });
      }
    }
  } finally {
    await client.end();
  }
  const { group, name } = recorded;
  const verdict = found.length === 0 ? "match" : "difference";
  return { file, group, name, verdict, differences: found };
}
