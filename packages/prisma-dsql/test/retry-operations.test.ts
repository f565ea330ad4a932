import { describe, expect, test, vi } from "vitest";
import { retryOperation } from "../src/extension/retry-operations.ts";
import { dsql } from "../src/index.ts";

const AT_ONCE = { backoff: () => 0, maxAttempts: 2 };
const conflict = Object.assign(new Error("change conflicts (OC000)"), { code: "40001" });

/** An operation as Prisma passes it to an extension, which meets `conflicts` conflicts. */
function operation(conflicts: number, internalParams?: object) {
  const query = vi.fn(async (args: unknown) => {
    if (query.mock.calls.length <= conflicts) throw conflict;
    return args;
  });
  return { args: { where: 1 }, query, ...(internalParams && { __internalParams: internalParams }) };
}

describe("an operation that met a conflict", () => {
  test("is retried outside a transaction", async () => {
    const one = operation(1, {});
    expect(await retryOperation(one, AT_ONCE)).toEqual({ where: 1 });
    expect(one.query).toHaveBeenCalledTimes(2);
    expect(one.query).toHaveBeenCalledWith({ where: 1 });
  });

  test.each([
    ["in a transaction", { transaction: { kind: "itx" } }],
    ["where Prisma does not say whether it is in one", undefined],
  ])("is not retried %s", async (_, internalParams) => {
    const one = operation(1, internalParams);
    await expect(retryOperation(one, AT_ONCE)).rejects.toBe(conflict);
    expect(one.query).toHaveBeenCalledTimes(1);
  });

  test("rejects with P2034 when its attempts are spent", async () => {
    const one = operation(9, {});
    await expect(retryOperation(one, AT_ONCE)).rejects.toMatchObject({ code: "P2034" });
    expect(one.query).toHaveBeenCalledTimes(2);
  });
});

describe("the extension", () => {
  interface Extension {
    query: { $allOperations(operation: unknown): Promise<unknown> };
  }

  /** The operations of a client whose `$extends` hands back the extension. */
  function operationsOf(options?: Parameters<typeof dsql>[0]) {
    const client = {
      _engineConfig: { adapter: { retryOptions: AT_ONCE } },
      $extends: (extension: unknown) => extension,
    };
    return (dsql(options)(client) as unknown as Extension).query.$allOperations;
  }

  test("retries operations, by the options of the pool and its own", async () => {
    const one = operation(1, {});
    expect(await operationsOf()(one)).toEqual({ where: 1 });
    const two = operation(1, {});
    await expect(operationsOf({ retry: { maxAttempts: 1 } })(two)).rejects.toMatchObject({ code: "P2034" });
    expect(two.query).toHaveBeenCalledTimes(1);
  });

  test("leaves them alone with operationRetry: false", async () => {
    const one = operation(1, {});
    await expect(operationsOf({ operationRetry: false })(one)).rejects.toBe(conflict);
    expect(one.query).toHaveBeenCalledTimes(1);
    expect(one.query).toHaveBeenCalledWith({ where: 1 });
  });
});
