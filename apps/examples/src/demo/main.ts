import { commandLineOrExit } from "../command-line.ts";
import { openLocalTarget, openTarget, type Target } from "../target.ts";
import { drizzleBank } from "./adapters/drizzle.ts";
import { kyselyBank } from "./adapters/kysely.ts";
import { prismaBank } from "./adapters/prisma.ts";
import type { BankAdapter } from "./bank.ts";
import { explain, table } from "./report.ts";
import { type BankRun, runBank } from "./run-bank.ts";

const usage = `npm run demo -- [migrations] [--json]

Runs 100 transfers at once through each ORM, on DATABASE_URL or on a local endpoint.
With "migrations", each ORM creates its tables with its own migrations, on a local endpoint of its own.
`;
const { json: asJson, names } = commandLineOrExit(usage, { hasJson: true, names: ["migrations"] });
const byMigrations = names.includes("migrations");
const adapters = [kyselyBank, drizzleBank, prismaBank];
const runs: BankRun[] = [];

/** Runs some adapters on one target after the other. */
async function runOn(target: Target, some: readonly BankAdapter[]): Promise<void> {
  try {
    if (!asJson) console.log(`100 transfers at once, all of them through one account, on ${target.name}:\n`);
    for (const adapter of some) {
      const run = await runBank(adapter, target.options, { byMigrations });
      runs.push(run);
      if (asJson) console.log(JSON.stringify(run.result));
    }
  } finally {
    await target.stop();
  }
}

if (byMigrations) for (const adapter of adapters) await runOn(await openLocalTarget(), [adapter]);
else await runOn(await openTarget(), adapters);
if (!asJson) console.log(`${table(runs.map((run) => run.result))}\n\n${explain(runs)}`);

for (const { result, firstFailure } of runs) {
  if (result.failed > 0)
    console.error(`${result.adapter}: ${result.failed} transfers failed, first:`, firstFailure);
  if (result.failed > 0 || result.balanceBefore !== result.balanceAfter) process.exitCode = 1;
}
