import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SignedToken } from "../src/auth/token-signer.ts";
import { TokenSource } from "../src/auth/token-source.ts";

const LIFE_MS = 900_000;

/** A token source with its own clock, whose signer numbers its tokens. */
function source(options: { random?: () => number } = {}) {
  const clock = { now: 1_000_000 };
  const signer = {
    calls: 0,
    failure: undefined as Error | undefined,
    lifeMs: LIFE_MS,
    hold: undefined as Promise<void> | undefined,
  };
  const failures: { stillValid: boolean; elapsedMs: number }[] = [];
  const signed: { elapsedMs: number; expiresAtMs: number }[] = [];
  const sign = async (): Promise<SignedToken> => {
    const number = ++signer.calls;
    const expiresAtMs = clock.now + signer.lifeMs;
    await signer.hold;
    if (signer.failure) throw signer.failure;
    return { token: `token ${number}`, expiresAtMs };
  };
  const tokens = new TokenSource(sign, {
    now: () => clock.now,
    random: options.random ?? (() => 0),
    listener: { tokenFailed: (event) => failures.push(event), tokenSigned: (event) => signed.push(event) },
  });
  return { clock, signer, tokens, failures, signed };
}

/** Lets what runs in the background finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a token source", () => {
  test("signs one token for all concurrent callers, and keeps it", async () => {
    const { signer, tokens } = source();
    const all = await Promise.all(Array.from({ length: 20 }, () => tokens.token()));
    expect(new Set(all)).toEqual(new Set(["token 1"]));
    expect(await tokens.token()).toBe("token 1");
    expect(signer.calls).toBe(1);
    expect(tokens.stats.tokensSigned).toBe(1);
  });

  test("replaces a token after 80 % of its lifetime, and returns the old one meanwhile", async () => {
    const { clock, signer, tokens } = source();
    await tokens.token();
    clock.now += LIFE_MS * 0.8 - 1;
    await tokens.token();
    expect(signer.calls).toBe(1);
    clock.now += 1;
    expect(await tokens.token()).toBe("token 1");
    await settle();
    expect(await tokens.token()).toBe("token 2");
    expect(signer.calls).toBe(2);
  });

  test("replaces it up to a tenth of its lifetime earlier, at random", async () => {
    const { clock, signer, tokens } = source({ random: () => 1 });
    await tokens.token();
    clock.now += LIFE_MS * 0.7 - 1;
    await tokens.token();
    expect(signer.calls).toBe(1);
    clock.now += 1;
    await tokens.token();
    expect(signer.calls).toBe(2);
  });

  test("signs again at once after the process was frozen beyond the token's lifetime", async () => {
    const { clock, tokens } = source();
    await tokens.token();
    clock.now += 3 * LIFE_MS;
    expect(await tokens.token()).toBe("token 2");
  });

  test("signs again after the clock was set back to before the token was signed", async () => {
    const { clock, tokens } = source();
    await tokens.token();
    clock.now -= 30_000;
    expect(await tokens.token()).toBe("token 1");
    clock.now -= 3_600_000;
    expect(await tokens.token()).toBe("token 2");
    expect(await tokens.token()).toBe("token 2");
  });

  test("after a while, gives up on a signer that never responds and calls it again", async () => {
    const { clock, signer, tokens } = source();
    signer.hold = new Promise(() => {});
    const hung = [tokens.token(), tokens.token()];
    signer.hold = undefined;
    clock.now += 9_999;
    hung.push(tokens.token());
    expect(signer.calls).toBe(1);
    clock.now += 1;
    expect(await tokens.token()).toBe("token 2");
    expect(await Promise.race([...hung, "still waiting"])).toBe("still waiting");
  });

  test("keeps the valid token when a refresh fails, and retries only after a pause", async () => {
    const { clock, signer, tokens, failures } = source();
    await tokens.token();
    signer.failure = new Error("no credentials");
    clock.now += LIFE_MS * 0.8;
    for (let i = 0; i < 10; i++) {
      expect(await tokens.token()).toBe("token 1");
      await settle();
    }
    expect(signer.calls).toBe(2);
    expect(failures).toEqual([expect.objectContaining({ stillValid: true })]);
    clock.now += 500;
    expect(await tokens.token()).toBe("token 1");
    await settle();
    expect(signer.calls).toBe(3);
    clock.now += 999;
    await tokens.token();
    expect(signer.calls).toBe(3);
    signer.failure = undefined;
    clock.now += 1;
    await tokens.token();
    await settle();
    expect(await tokens.token()).toBe("token 4");
  });

  test("fails when there is no valid token left, and recovers as soon as it can", async () => {
    const { clock, signer, tokens } = source();
    await tokens.token();
    signer.failure = new Error("no credentials");
    clock.now += LIFE_MS - 1;
    expect(await tokens.token()).toBe("token 1");
    clock.now += 1;
    await expect(tokens.token()).rejects.toThrow("no credentials");
    signer.failure = undefined;
    expect(await tokens.token()).toMatch(/^token \d$/);
  });

  test("forgets a token that was refused, but not the one that has replaced it", async () => {
    const { signer, tokens } = source();
    const refused = await tokens.token();
    tokens.discard(refused);
    expect(await tokens.token()).toBe("token 2");
    tokens.discard(refused);
    expect(await tokens.token()).toBe("token 2");
    expect(signer.calls).toBe(2);
  });

  test("leaves no unhandled rejection when the last caller has gone", async () => {
    const { clock, signer, tokens } = source();
    await tokens.token();
    signer.failure = new Error("no credentials");
    clock.now += LIFE_MS * 0.9;
    await tokens.token();
    await settle();
    expect(tokens.stats.tokensFailed).toBe(1);
  });

  test("refuses a token that had expired by the time it was signed", async () => {
    const { signer, tokens } = source();
    for (const lifeMs of [0, -1]) {
      signer.lifeMs = lifeMs;
      await expect(tokens.token()).rejects.toThrow("The token had expired by the time it was signed.");
    }
    expect(tokens.stats).toMatchObject({ tokensSigned: 0, tokensFailed: 2 });
  });

  test("signs again for a login when a token has five seconds left, or a tenth of a short lifetime", async () => {
    for (const [lifeMs, marginMs] of [
      [LIFE_MS, 5_000],
      [10_000, 1_000],
    ] as const) {
      const { clock, signer, tokens } = source();
      signer.lifeMs = lifeMs;
      await tokens.token();
      // The refresh that begins meanwhile never ends.
      signer.hold = new Promise(() => {});
      clock.now += lifeMs - marginMs - 1;
      expect(tokens.ready).toBe(true);
      expect(await tokens.token()).toBe("token 1");
      clock.now += 1;
      expect(tokens.ready).toBe(false);
    }
  });

  test("tolerates a clock that is set back by up to a minute, and no more", async () => {
    const { clock, tokens } = source();
    expect(tokens.ready).toBe(false);
    await tokens.token();
    clock.now -= 60_000;
    expect(tokens.ready).toBe(true);
    clock.now -= 1;
    expect(tokens.ready).toBe(false);
  });

  test("calls the signer again at once if the clock was set back while it signed", async () => {
    const { clock, signer, tokens } = source();
    signer.hold = new Promise(() => {});
    void tokens.token();
    signer.hold = undefined;
    clock.now -= 1;
    expect(await tokens.token()).toBe("token 2");
  });

  test("keeps the newer token when an abandoned signature arrives after all", async () => {
    const { clock, signer, tokens } = source();
    let answer = () => {};
    signer.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const late = tokens.token();
    signer.hold = undefined;
    clock.now += 10_000;
    expect(await tokens.token()).toBe("token 2");
    answer();
    expect(await late).toBe("token 1");
    expect(await tokens.token()).toBe("token 2");
    expect(signer.calls).toBe(2);
  });

  test("uses a late signature if the newer one has failed", async () => {
    const { clock, signer, tokens } = source();
    let answer = () => {};
    signer.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const late = tokens.token();
    clock.now += 10_000;
    signer.hold = new Promise(() => {});
    void tokens.token();
    expect(tokens.ready).toBe(false);
    answer();
    await late;
    expect(tokens.ready).toBe(true);
  });

  test("shares the newer signature when an older one ends while it is in progress", async () => {
    const { clock, signer, tokens } = source();
    const answers: (() => void)[] = [];
    const hold = () => {
      signer.hold = new Promise((resolve) => answers.push(resolve));
    };
    hold();
    const first = tokens.token();
    clock.now += 10_000;
    hold();
    const second = tokens.token();
    answers[0]?.();
    await first;
    tokens.discard(await first);
    const third = tokens.token();
    answers[1]?.();
    await Promise.all([second, third]);
    expect(signer.calls).toBe(2);
  });

  test("does not return a token that was refused meanwhile when signing fails", async () => {
    const { clock, signer, tokens } = source();
    const refused = await tokens.token();
    clock.now += LIFE_MS - 1;
    signer.failure = new Error("no credentials");
    const asked = tokens.token();
    tokens.discard(refused);
    await expect(asked).rejects.toThrow("no credentials");
  });

  test("waits before it calls a failing signer again: a second at most, doubling, up to a minute", async () => {
    for (const [random, share] of [
      [0, 0.5],
      [1, 1],
    ] as const) {
      const { clock, signer, tokens } = source({ random: () => random });
      signer.lifeMs = 100 * LIFE_MS;
      await tokens.token();
      clock.now += 85 * LIFE_MS;
      signer.failure = new Error("no credentials");
      await tokens.token();
      await settle();
      for (const longestMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
        const calls = signer.calls;
        clock.now += longestMs * share - 1;
        await tokens.token();
        expect(signer.calls).toBe(calls);
        clock.now += 1;
        await tokens.token();
        await settle();
        expect(signer.calls).toBe(calls + 1);
      }
    }
  });

  test("reports the slowest signature, including those that failed or are in progress", async () => {
    const { clock, signer, tokens, failures, signed } = source();
    const sign = async (tookMs: number) => {
      let answer = () => {};
      signer.hold = new Promise((resolve) => {
        answer = resolve;
      });
      const asked = tokens.token().catch(() => "failed");
      clock.now += tookMs;
      const during = tokens.stats.slowestTokenMs;
      answer();
      tokens.discard(await asked);
      return during;
    };
    expect(await sign(300)).toBe(300);
    expect(signed).toEqual([{ elapsedMs: 300, expiresAtMs: 1_000_000 + LIFE_MS }]);
    expect(await sign(200)).toBe(300);
    signer.failure = new Error("no credentials");
    expect(await sign(400)).toBe(400);
    expect(failures).toEqual([expect.objectContaining({ elapsedMs: 400, stillValid: false })]);
    clock.now += 5000;
    expect(tokens.stats).toEqual({ tokensSigned: 2, tokensFailed: 1, slowestTokenMs: 400 });
  });

  test("works without a listener, whether signing succeeds or fails", async () => {
    let failure: Error | undefined;
    const tokens = new TokenSource(async () => {
      if (failure) throw failure;
      return { token: "a token", expiresAtMs: Date.now() + LIFE_MS };
    });
    expect(await tokens.token()).toBe("a token");
    tokens.discard("another token");
    tokens.discard("a token");
    tokens.discard("a token");
    failure = new Error("no credentials");
    await expect(tokens.token()).rejects.toBe(failure);
  });

  test("never returns an expired token, whatever the clock and the signer do", async () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 1_000_000 }),
      fails: fc.boolean(),
      lifeMs: fc.integer({ min: 1, max: LIFE_MS }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { clock, signer, tokens } = source();
        const expiries = new Map<string, number>();
        for (const { passMs, fails, lifeMs } of steps) {
          clock.now += passMs;
          Object.assign(signer, { failure: fails ? new Error("no") : undefined, lifeMs });
          const calls = signer.calls;
          const token = await tokens.token().catch(() => undefined);
          if (signer.calls > calls && !fails) expiries.set(`token ${signer.calls}`, clock.now + lifeMs);
          if (token !== undefined) expect(clock.now).toBeLessThan(expiries.get(token) as number);
          await settle();
        }
      }),
      { numRuns: 30 },
    );
  });
});
