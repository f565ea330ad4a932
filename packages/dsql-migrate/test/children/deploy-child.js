// Deploys the migrations of the JSON file in argv[2] to the endpoint of DSQL_CONNECTION, prints each event as a line of JSON,
// and kills itself without warning at event number KILL_AT, if that is set.
import { readFileSync } from "node:fs";
import { DsqlPool } from "dsql-core";
import { deploy } from "dsql-migrate";

const { migrations, options } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const pool = new DsqlPool({ ...JSON.parse(process.env.DSQL_CONNECTION), max: 3 });
const killAt = Number(process.env.KILL_AT ?? "0");
let events = 0;
try {
  const { applied } = await deploy({
    pool,
    migrations,
    ...options,
    onEvent: (event) => {
      events += 1;
      process.stdout.write(`${JSON.stringify(event)}\n`);
      if (events === killAt) process.kill(process.pid, "SIGKILL");
    },
  });
  process.stdout.write(`${JSON.stringify({ type: "deployed", applied })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ type: "failed", code: error.code, message: error.message })}\n`);
  process.exitCode = 1;
} finally {
  await pool.end();
}
