import { commandLineOrExit } from "../command-line.ts";
import { openTarget } from "../target.ts";
import { drizzleBank } from "./adapters/drizzle.ts";
import { kyselyBank } from "./adapters/kysely.ts";
import { prismaBank } from "./adapters/prisma.ts";
import { explain, table } from "./report.ts";
import { type BankRun, runBank } from "./run-bank.ts";

const { json: asJson } = commandLineOrExit(
  "npm run demo -- [--json]\n\nRuns 100 transfers at once through each ORM, on DATABASE_URL or on a local endpoint.\n",
  { hasJson: true },
);
const target = await openTarget();
const runs: BankRun[] = [];
try {
  if (!asJson) console.log(`100 transfers at once, all of them through one account, on ${target.name}:\n`);
  for (const adapter of [kyselyBank, drizzleBank, prismaBank]) {
    const run = await runBank(adapter, target.options);
    runs.push(run);
    if (asJson) console.log(JSON.stringify(run.result));
  }
  if (!asJson) console.log(`${table(runs.map((run) => run.result))}\n\n${explain(runs)}`);
} finally {
  await target.stop();
}

for (const { result, firstFailure } of runs) {
  if (result.failed > 0)
    console.error(`${result.adapter}: ${result.failed} transfers failed, first:`, firstFailure);
  if (result.failed > 0 || result.balanceBefore !== result.balanceAfter) process.exitCode = 1;
}
