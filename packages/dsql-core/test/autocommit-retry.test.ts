import { Query } from "pg";
import { describe, expect, test } from "vitest";
import { retryAutocommit } from "../src/client/autocommit-retry.ts";
import { noteUnavailable } from "../src/retry/server-unavailable.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

const unavailable = serverError("XX000", "server unavailable");
noteUnavailable(unavailable);

/** How often a statement that failed with these errors is sent again before it is stored. */
async function sends(query: unknown, error: unknown, failures: unknown[] = []): Promise<number> {
  let count = 0;
  const send = async () => {
    count++;
    if (failures.length > 0) throw failures.shift();
    return "stored";
  };
  const result = await retryAutocommit({ query, error, send, retry: { backoff: () => 0 } });
  expect(result).toBe("stored");
  return count;
}

describe("a statement outside a transaction", () => {
  test.each(["INSERT", { text: "INSERT" }, "INSERT; SELECT 1", { name: "prepared" }])(
    "is retried after a conflict, which rolled it back: %s",
    async (query) => {
      expect(await sends(query, conflict())).toBe(1);
      expect(await sends(query, conflict(), [conflict(), conflict()])).toBe(3);
    },
  );

  test("is retried after `server unavailable`, whatever the statement is", async () => {
    for (const query of ["INSERT", "COMMIT", new Query("SELECT 1")])
      expect(await sends(query, unavailable)).toBe(1);
  });

  test("counts the attempt that failed", async () => {
    let count = 0;
    const send = () => {
      count++;
      return Promise.reject(conflict());
    };
    const retry = { backoff: () => 0, maxAttempts: 3 };
    const failed = retryAutocommit({ query: "INSERT", error: conflict(), send, retry });
    await expect(failed).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 3 });
    expect(count).toBe(2);
  });
});

describe("a statement is not sent again", () => {
  test.each<[string, unknown, unknown]>([
    ["because it may have committed before the conflict", "BEGIN; INSERT; COMMIT", conflict()],
    ["because it is a transaction command", { text: "COMMIT" }, conflict()],
    ["because its rows may have been read", new Query("SELECT 1"), conflict()],
    ["because it failed for another reason", "INSERT", serverError("23505", "no")],
  ])("%s", async (_why, query, error) => {
    await expect(sends(query, error)).rejects.toBe(error);
  });

  test("if retries are off", async () => {
    const error = conflict();
    const send = () => Promise.resolve("stored");
    await expect(retryAutocommit({ query: "INSERT", error, send, retry: undefined })).rejects.toBe(error);
  });
});
