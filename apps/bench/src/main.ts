import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { printer } from "./report/print.ts";

const options = {
  json: { type: "boolean", default: false },
  plot: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

function help(): string {
  const lines = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}\n`);
  return `npm run bench -- <name>... [--json] [--plot FILE.svg]\n\n${lines.join("")}`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(help());
    return 0;
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(benches, name));
  if (unknown.length > 0 || positionals.length === 0) {
    const problem = unknown.length > 0 ? `There is no bench "${unknown.join('", "')}".` : "Name a bench.";
    process.stderr.write(`${problem}\n\n${help()}`);
    return 2;
  }
  const report = printer(values.json);
  for (const name of positionals) await benches[name]?.run({ report, plotPath: values.plot });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  // A wrong option; of any other error the stack helps.
  if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
  process.stderr.write(`${(error as Error).message}\n\n${help()}`);
  process.exitCode = 2;
}
