import { describe, expect, test, vi } from "vitest";
import { TransactionRolledBackError } from "../src/index.ts";
import { runTransaction } from "../src/retry/run-transaction.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

/** A connection with scripted responses, which records what it receives. */
function scripted(answers: Record<string, Error> = {}) {
  const log: string[] = [];
  const client = {
    async query(text: string) {
      log.push(text);
      if (answers[text]) throw answers[text];
    },
  };
  const lease = {
    acquire: async () => client,
    release: (_: typeof client, destroy?: Error) => void log.push(destroy ? "destroyed" : "released"),
  };
  return { lease, log };
}

const work = async (client: { query(text: string): Promise<unknown> }) => {
  await client.query("UPDATE");
  return 7;
};

describe("a connection is released", () => {
  const dead = new Error("Connection terminated unexpectedly");
  const fatal = serverError("57P01", "terminating connection", "FATAL");
  test.each<[string, Record<string, Error>, string[]]>([
    ["after COMMIT", {}, ["BEGIN", "UPDATE", "COMMIT", "released"]],
    [
      "after ROLLBACK when the work failed",
      { UPDATE: conflict() },
      ["BEGIN", "UPDATE", "ROLLBACK", "released"],
    ],
    [
      "with no ROLLBACK after a COMMIT that met a conflict",
      { COMMIT: conflict() },
      ["BEGIN", "UPDATE", "COMMIT", "released"],
    ],
    [
      "after a COMMIT whose response was ROLLBACK",
      { COMMIT: new TransactionRolledBackError("x") },
      ["BEGIN", "UPDATE", "COMMIT", "released"],
    ],
    ["after a BEGIN that the server refused", { BEGIN: conflict("OC001") }, ["BEGIN", "released"]],
    ["to be destroyed after a BEGIN without a response", { BEGIN: dead }, ["BEGIN", "destroyed"]],
    [
      "to be destroyed after a COMMIT without a response",
      { COMMIT: dead },
      ["BEGIN", "UPDATE", "COMMIT", "destroyed"],
    ],
    ["to be destroyed after a fatal COMMIT", { COMMIT: fatal }, ["BEGIN", "UPDATE", "COMMIT", "destroyed"]],
    [
      "to be destroyed after a ROLLBACK that failed",
      { UPDATE: conflict(), ROLLBACK: serverError("XX000", "no") },
      ["BEGIN", "UPDATE", "ROLLBACK", "destroyed"],
    ],
  ])("%s", async (_, answers, log) => {
    const connection = scripted(answers);
    const first = answers.UPDATE ?? answers.COMMIT ?? answers.BEGIN;
    const run = runTransaction({ lease: connection.lease, work });
    await (first === undefined ? expect(run).resolves.toBe(7) : expect(run).rejects.toBe(first));
    expect(connection.log).toEqual(log);
  });
});

test.each(["140001", "400011", "4000", "4000a", 40001, undefined])(
  "destroys a connection whose COMMIT failed with %j, which is not an SQLSTATE",
  async (code) => {
    const { lease, log } = scripted({
      COMMIT: Object.assign(new Error("x"), { code, severity: "ERROR" }),
    });
    await expect(runTransaction({ lease, work })).rejects.toThrow("x");
    expect(log.at(-1)).toBe("destroyed");
  },
);

describe("a statement that is still running when the work ends", () => {
  /** A connection on which a statement is running when COMMIT or ROLLBACK is due. */
  function busy() {
    const { lease, log } = scripted();
    const acquire = async () => Object.assign(await lease.acquire(), { isBusy: true });
    const release = vi.fn();
    return { lease: { acquire, release }, log, release };
  }
  const running = expect.objectContaining({ message: expect.stringContaining("still running") });

  test("is not awaited: no COMMIT is sent, and the connection is destroyed", async () => {
    const { lease, log, release } = busy();
    const failed = runTransaction({ lease, work });
    await expect(failed).rejects.toThrow(TransactionRolledBackError);
    await expect(failed).rejects.toMatchObject({ cause: running });
    expect(log).toEqual(["BEGIN", "UPDATE"]);
    expect(release).toHaveBeenCalledExactlyOnceWith(expect.anything(), running);
  });

  test("is not awaited if the work failed either, and the work's error is kept", async () => {
    const { lease, log, release } = busy();
    const failing = () => Promise.reject(new Error("not enough money"));
    await expect(runTransaction({ lease, work: failing })).rejects.toThrow("not enough money");
    expect(log).toEqual(["BEGIN"]);
    expect(release).toHaveBeenCalledExactlyOnceWith(expect.anything(), running);
  });
});

test("begins read only on request", async () => {
  const { lease, log } = scripted();
  await runTransaction({ lease, work, readOnly: true });
  expect(log[0]).toBe("BEGIN READ ONLY");
});

test("keeps a commit whose connection cannot be released", async () => {
  const { lease } = scripted();
  const failing = {
    ...lease,
    release: () => {
      throw new Error("already released");
    },
  };
  await expect(runTransaction({ lease: failing, work })).resolves.toBe(7);
});

test("remembers the result before COMMIT is sent", async () => {
  const { lease, log } = scripted({ COMMIT: new Error("gone") });
  const remember = (result: number) => void log.push(`remembered ${result}`);
  await expect(runTransaction({ lease, work, remember })).rejects.toThrow("gone");
  expect(log).toEqual(["BEGIN", "UPDATE", "remembered 7", "COMMIT", "destroyed"]);
});

test("treats work that throws before its first promise as failed", async () => {
  const { lease, log } = scripted();
  const throwing = () => {
    throw new Error("at once");
  };
  await expect(runTransaction({ lease, work: throwing })).rejects.toThrow("at once");
  expect(log).toEqual(["BEGIN", "ROLLBACK", "released"]);
});

test("calls begun when it has its connection, and remember right before COMMIT", async () => {
  const { lease, log } = scripted();
  const acquire = async () => {
    log.push("acquired");
    return await lease.acquire();
  };
  const result = await runTransaction({
    lease: { ...lease, acquire },
    work,
    begun: () => log.push("begun"),
    remember: (value) => log.push(`returns ${value}`),
  });
  expect(result).toBe(7);
  expect(log).toEqual(["acquired", "begun", "BEGIN", "UPDATE", "returns 7", "COMMIT", "released"]);
});
