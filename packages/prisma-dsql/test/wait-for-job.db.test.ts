import { AsyncJobFailedError, DsqlConfigError } from "dsql-core";
import { expect, test } from "vitest";
import { dsql, waitForJob } from "../src/index.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

test("waitForJob waits for an index build, by the rows or the id of the statement that started it", async () => {
  const prisma = bank.client().$extends(dsql());
  const job = await prisma.$queryRawUnsafe<{ job_id: string }[]>(
    'CREATE INDEX ASYNC account_balance ON "Account" (balance)',
  );
  await waitForJob(prisma, job);
  await waitForJob(bank.client(), job[0]?.job_id ?? "");
  expect(
    await prisma.$queryRaw`SELECT indisvalid FROM pg_index WHERE indexrelid = 'account_balance'::regclass`,
  ).toEqual([{ indisvalid: true }]);
  await waitForJob(prisma, []);
  await expect(waitForJob(prisma, "not a job")).rejects.toBeInstanceOf(DsqlConfigError);
});

test("waitForJob rejects when the build failed", async () => {
  const prisma = bank.client();
  const owners = [newOwner(), newOwner()];
  await prisma.account.createMany({ data: owners.map((owner) => ({ owner, balance: 77, secret: "same" })) });
  const job = await prisma.$queryRawUnsafe<unknown[]>(
    'CREATE UNIQUE INDEX ASYNC account_secret ON "Account" (secret)',
  );
  await expect(waitForJob(prisma, job)).rejects.toBeInstanceOf(AsyncJobFailedError);
  await prisma.$executeRaw`DROP INDEX account_secret`;
});
