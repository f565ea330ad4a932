import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startLocalDsql } from "dsql-local";
import { expect, it } from "vitest";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

it("the README's example runs unchanged, twice", async () => {
  const readme = await readFile(`${packageFolder}/README.md`, "utf8");
  const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? "";
  await using dsql = await startLocalDsql();
  const { accessKeyId, secretAccessKey } = dsql.credentials;
  const env = {
    ...process.env,
    DATABASE_URL: dsql.connectionString,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  for (const output of ["Ada has 90 left\n", "Ada has 80 left\n"]) {
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", example], {
      cwd: packageFolder,
      env,
    });
    expect(await run).toEqual({ stdout: output, stderr: "" });
  }
});
