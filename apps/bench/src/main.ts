import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { printer } from "./report/print.ts";

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, plot: { type: "string" } },
  allowPositionals: true,
});

const unknown = positionals.filter((name) => !(name in benches));
if (positionals.length === 0 || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`There is no bench "${name}".\n`);
  process.stdout.write("npm run bench -- <name>... [--json]\n\n");
  for (const [name, { about }] of Object.entries(benches))
    process.stdout.write(`  ${name.padEnd(12)} ${about}\n`);
  process.exitCode = unknown.length > 0 ? 1 : 0;
}
if (unknown.length === 0) {
  const report = printer(values.json);
  for (const name of positionals) await benches[name]?.run({ report, plotPath: values.plot });
}
