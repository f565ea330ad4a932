import { once } from "node:events";
import { failureOf } from "dsql-core";
import { runnerImport } from "vite";
import type { AdapterUnderTest } from "../adapter-under-test.ts";
import { type FromChild, type Phase, type PhaseName, phases, type ToChild } from "./phases.ts";

/** Runs every phase in a separate process, reports to the parent how each ended, and exits because nothing is left to do. */
async function main(): Promise<void> {
  const start = await receive();
  if (start.kind !== "start") throw new Error("The first message must start the child.");
  const { module } = await runnerImport<Record<string, AdapterUnderTest>>(start.module, {
    configFile: false,
    logLevel: "error",
    resolve: { alias: toAliases(start.alias) },
  });
  const adapter = module[start.exportName];
  if (adapter === undefined) throw new Error(`${start.module} exports no ${start.exportName}.`);
  const session = await adapter.open({ ...start.connection });
  if (start.listens) session.pool.on("error", () => {});
  const disturb = async (how: Extract<FromChild, { kind: "disturb" }>["how"]) => {
    const answer = receive();
    send({ kind: "disturb", how });
    await answer;
  };
  for (const [phase, { run }] of Object.entries(phases) as [PhaseName, Phase][]) {
    try {
      await run(session, disturb);
      send({ kind: "ended", phase, outcome: "success", message: "" });
    } catch (error) {
      send({ kind: "ended", phase, outcome: failureOf(error), message: String(error) });
    }
  }
  await session.close();
  process.disconnect();
}

/** Whole names only, so that `kysely` does not catch `kysely/migration`. */
function toAliases(alias: Record<string, string>): { find: RegExp; replacement: string }[] {
  return Object.entries(alias).map(([name, replacement]) => ({ find: new RegExp(`^${name}$`), replacement }));
}

async function receive(): Promise<ToChild> {
  const [message] = await once(process, "message");
  return message as ToChild;
}

function send(message: FromChild): void {
  process.send?.(message);
}

await main();
