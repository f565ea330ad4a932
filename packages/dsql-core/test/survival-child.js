// Runs one transaction in its own process, whose connection the parent has armed to be cut, and prints its outcome.
import { DsqlClient, DsqlPool } from "dsql-core";

const { connection, listens, kind } = JSON.parse(process.env.SCENARIO);
const heard = [];
const db = kind === "client" ? new DsqlClient(connection) : new DsqlPool(connection);
if (listens) db.on("error", (error) => heard.push(error.message));
if (kind === "client") await db.connect();

async function transaction() {
  const client = kind === "client" ? db : await db.connect();
  try {
    await client.query("BEGIN");
    await client.query("INSERT INTO entries VALUES (1)");
    await client.query("COMMIT");
    return "committed";
  } catch (error) {
    await client.query("ROLLBACK");
    return error.code;
  } finally {
    if (kind === "pool") client.release();
  }
}

let outcome;
if (kind === "query")
  outcome = await db.query("INSERT INTO entries VALUES (1)").then(
    () => "stored",
    ({ code }) => code,
  );
else if (kind === "idle") {
  await db.query("SELECT 1");
  const removed = new Promise((resolve) => db.once("remove", resolve));
  const isBack = new Promise((resolve) => process.once("message", resolve));
  process.send("idle");
  await Promise.all([removed, isBack]);
  outcome = (await db.query("SELECT 1 AS one")).rows[0].one;
} else outcome = await transaction();
// Late failures would occur within this time.
await new Promise((resolve) => setTimeout(resolve, 20));
await db.end();
process.send({ outcome, heard: heard.length });
process.disconnect();
