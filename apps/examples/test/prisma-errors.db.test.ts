import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startLocalDsql } from "dsql-local";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../dist/programs/prisma.js", import.meta.url));

test("the Prisma program tells a COMMIT of unknown outcome from other errors", async () => {
  await using cluster = await startLocalDsql();
  cluster.faults.cutConnection("after-commit");
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      DATABASE_URL: cluster.connectionString,
      AWS_ACCESS_KEY_ID: cluster.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: cluster.credentials.secretAccessKey,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let told = "";
  child.stderr.on("data", (chunk) => {
    told += String(chunk);
  });
  await once(child, "close");
  expect(told).toContain("Check whether it was paid");
});
