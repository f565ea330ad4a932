import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Login } from "../src/client/login.ts";
import {
  explainLoginFailure,
  patienceMs,
  wantsFreshToken,
  wantsPatience,
} from "../src/client/login-failure.ts";
import { ConnectionLostError } from "../src/errors.ts";
import { isUnreachable } from "../src/retry/unreachable.ts";
import { serverError } from "./conflict-shapes.ts";

const expired = Object.assign(serverError("08006", "access denied", "FATAL"), {
  hint: "Signature expired: 1 is now earlier than 2",
});
const full = serverError("53300", "too many connections", "FATAL");
const TIMEOUT_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Runs a login whose connection attempts end like this, in turn; returns what it did. */
function loginOf(...connects: (Error | "never" | "lets in")[]) {
  const did: string[] = [];
  const login = new Login({
    prepareToken: async () => void did.push("token"),
    discardToken: () => void did.push("discard"),
    connect: async () => {
      did.push("connect");
      const end = connects.shift();
      if (end === "never") await new Promise(() => {});
      if (end instanceof Error) throw end;
    },
    startAnew: () => void did.push("anew"),
    close: () => void did.push("close"),
  });
  return { login, did };
}

describe("a login", () => {
  test("gets a token before it connects, and leaves no timer behind", async () => {
    const { login, did } = loginOf("lets in");
    expect(login.stage).toBe("a token");
    await login.run(TIMEOUT_MS);
    expect(did).toEqual(["token", "connect"]);
    expect(login.stage).toBe("the server's response");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("replaces an expired token once, without waiting", async () => {
    const { login, did } = loginOf(expired, "lets in");
    await login.run(TIMEOUT_MS);
    expect(did).toEqual(["token", "connect", "discard", "anew", "token", "connect"]);
    const again = loginOf(expired, expired);
    await expect(again.login.run(TIMEOUT_MS)).rejects.toBe(expired);
    expect(again.did).toEqual(["token", "connect", "discard", "anew", "token", "connect", "close"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("waits longer after each temporary refusal, with everything reset before the wait", async () => {
    const { login, did } = loginOf(full, full, "lets in");
    const run = login.run(TIMEOUT_MS);
    await vi.advanceTimersByTimeAsync(99);
    expect(did).toEqual(["token", "connect", "anew"]);
    expect([login.stage, login.refusal]).toEqual(["the cluster to accept connections again", full]);
    await vi.advanceTimersByTimeAsync(1);
    expect(did).toEqual(["token", "connect", "anew", "token", "connect", "anew"]);
    await vi.advanceTimersByTimeAsync(199);
    expect(did).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(1);
    await run;
    expect(did).toHaveLength(8);
  });

  test("does not wait after an expired token that follows a refusal", async () => {
    const { login, did } = loginOf(full, expired, "lets in");
    const run = login.run(TIMEOUT_MS);
    await vi.advanceTimersByTimeAsync(100);
    await run;
    expect(did).toEqual([
      "token",
      "connect",
      "anew",
      "token",
      "connect",
      "discard",
      "anew",
      "token",
      "connect",
    ]);
  });

  test("rethrows any other error of the server, after closing the socket", async () => {
    const wrong = serverError("28000", "no such role", "FATAL");
    const { login, did } = loginOf(wrong);
    await expect(login.run(TIMEOUT_MS)).rejects.toBe(wrong);
    expect(did).toEqual(["token", "connect", "close"]);
    expect(isUnreachable(wrong)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("records that an endpoint cannot be reached", async () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    await expect(loginOf(refused).login.run(TIMEOUT_MS)).rejects.toBe(refused);
    expect(isUnreachable(refused)).toBe(true);
  });

  test.each<["never" | Error, string]>([
    ["never", "the server's response"],
    [full, "the cluster to accept connections again"],
  ])("ends when its time is up: %s", async (end, stage) => {
    const { login, did } = loginOf(...Array(99).fill(end));
    const run = login.run(1_000);
    const failed = expect(run).rejects.toMatchObject({
      code: "DSQL_CONNECTION_LOST",
      message: `No connection within 1000 ms; it was waiting for ${stage}.`,
      cause: end === "never" ? undefined : full,
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(did).not.toContain("close");
    await vi.advanceTimersByTimeAsync(1);
    await failed;
    expect(did.at(-1)).toBe("close");
    const { length } = did;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(did).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rejects with the reason of its abandonment, and does not connect with a late token", async () => {
    const did: string[] = [];
    let deliver: (() => void) | undefined;
    const login = new Login({
      prepareToken: () =>
        new Promise<void>((resolve) => {
          deliver = resolve;
        }),
      discardToken: () => void did.push("discard"),
      connect: async () => void did.push("connect"),
      startAnew: () => void did.push("anew"),
      close: () => void did.push("close"),
    });
    const run = login.run(TIMEOUT_MS);
    const reason = new Error("closed");
    login.abandon(reason);
    await expect(run).rejects.toBe(reason);
    deliver?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(did).toEqual(["close"]);
  });

  test.each([expired, full])("does not start again after it was abandoned: %s", async (refusal) => {
    const did: string[] = [];
    let refuse: (() => void) | undefined;
    const login = new Login({
      prepareToken: async () => {},
      discardToken: () => void did.push("discard"),
      connect: () =>
        new Promise((_, reject) => {
          refuse = () => reject(refusal);
        }),
      startAnew: () => void did.push("anew"),
      close: () => void did.push("close"),
    });
    const run = login.run(TIMEOUT_MS);
    await vi.advanceTimersByTimeAsync(0);
    const reason = new Error("closed");
    login.abandon(reason);
    await expect(run).rejects.toBe(reason);
    refuse?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(did).toEqual(["close"]);
    expect(login.refusal).toBeUndefined();
  });

  test("returns to the first stage for its next token", async () => {
    let stageAtToken: string | undefined;
    let connects = 0;
    const login: Login = new Login({
      prepareToken: async () => {
        stageAtToken = login.stage;
      },
      discardToken: () => {},
      connect: async () => {
        if (connects++ === 0) throw expired;
      },
      startAnew: () => {},
      close: () => {},
    });
    await login.run(TIMEOUT_MS);
    expect(stageAtToken).toBe("a token");
  });
});

describe("a refused login", () => {
  test("needs a new token if the hint says that the signature has expired", () => {
    expect(wantsFreshToken(expired)).toBe(true);
    expect(wantsFreshToken(Object.assign(serverError("08006", "no"), { hint: "SIGNATURE EXPIRED" }))).toBe(
      true,
    );
    for (const other of [
      serverError("08006", "Signature expired"),
      Object.assign(serverError("08006", "no"), { hint: undefined }),
      Object.assign(serverError("08006", "no"), { hint: "Rejected" }),
      Object.assign(new Error("no"), { hint: "Signature expired" }),
      undefined,
    ])
      expect(wantsFreshToken(other)).toBe(false);
  });

  test("has to wait if the cluster temporarily accepts no connections", () => {
    for (const error of [full, serverError("53400", "rate"), serverError("XX000", "Waking up cluster")])
      expect(wantsPatience(error)).toBe(true);
    for (const other of [
      serverError("28000", "no"),
      Object.assign(new Error("waking up cluster"), { code: "53300" }),
    ])
      expect(wantsPatience(other)).toBe(false);
  });

  test("waits twice as long each time, at most two seconds, half of it random", () => {
    expect([1, 2, 3, 5, 6, 40].map(patienceMs)).toEqual([100, 200, 400, 1_600, 2_000, 2_000]);
    expect(patienceMs(2_000)).toBe(2_000);
    vi.spyOn(Math, "random").mockReturnValue(0);
    expect([1, 2, 40].map(patienceMs)).toEqual([50, 100, 1_000]);
  });
});

describe("a login that was cut off", () => {
  test.each([
    Object.assign(new Error("read"), { code: "ECONNRESET" }),
    Object.assign(new Error("write"), { code: "EPIPE" }),
    new Error("Connection terminated unexpectedly"),
  ])("is a lost connection: %s", (error) => {
    const explained = explainLoginFailure(error);
    expect(explained).toBeInstanceOf(ConnectionLostError);
    expect((explained as Error).cause).toBe(error);
  });

  test("is distinguished from other failures", () => {
    for (const error of [
      full,
      Object.assign(serverError("57P01", "Connection terminated"), {}),
      new Error("unable to verify the first certificate"),
      new Error("No Connection terminated"),
      "Connection terminated",
      undefined,
    ])
      expect(explainLoginFailure(error)).toBe(error);
  });
});
