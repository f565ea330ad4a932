import { parseArgs } from "node:util";
import { runChaos } from "./run-chaos.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes);
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000);
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) {
  process.stderr.write("npm run chaos -- [--minutes N] [--seed N]\n");
  process.exit(2);
}

// Each part has its own endpoint, pools and seed, so that a failing one can be repeated alone.
const parts = Math.ceil(minutes);
let broken = 0;
for (let part = 0; part < parts; part++) {
  const seed = firstSeed + part;
  process.stdout.write(`seed ${seed}\n`);
  const report = await runChaos({ seed, durationMs: (minutes / parts) * 60_000 });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  broken += report.problems.length;
}
process.stdout.write(
  broken === 0 ? "Nothing was lost and nothing was done twice.\n" : `${broken} problems\n`,
);
// A caller that hangs must not prevent the program from exiting.
process.exit(broken === 0 ? 0 : 1);
