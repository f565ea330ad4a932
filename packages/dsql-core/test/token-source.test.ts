import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SignedToken } from "../src/auth/token-signer.ts";
import { TokenSource } from "../src/auth/token-source.ts";

const LIFE_MS = 900_000;

/** A token source on a clock of its own, whose signer numbers its tokens. */
function source(options: { random?: () => number } = {}) {
  const clock = { now: 1_000_000 };
  const signer = {
    calls: 0,
    failure: undefined as Error | undefined,
    lifeMs: LIFE_MS,
    hold: undefined as Promise<void> | undefined,
  };
  const failures: { stillValid: boolean }[] = [];
  const sign = async (): Promise<SignedToken> => {
    signer.calls++;
    const expiresAtMs = clock.now + signer.lifeMs;
    await signer.hold;
    if (signer.failure) throw signer.failure;
    return { token: `token ${signer.calls}`, expiresAtMs };
  };
  const tokens = new TokenSource(sign, {
    now: () => clock.now,
    random: options.random ?? (() => 0),
    listener: { tokenFailed: (event) => failures.push(event) },
  });
  return { clock, signer, tokens, failures };
}

/** Lets what runs in the background finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a token source", () => {
  test("signs one token for all who ask at once, and keeps it", async () => {
    const { signer, tokens } = source();
    const all = await Promise.all(Array.from({ length: 20 }, () => tokens.token()));
    expect(new Set(all)).toEqual(new Set(["token 1"]));
    expect(await tokens.token()).toBe("token 1");
    expect(signer.calls).toBe(1);
    expect(tokens.stats.tokensSigned).toBe(1);
  });

  test("replaces a token after 80 % of its life, while it hands out the old one", async () => {
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

  test("replaces it up to a tenth of its life earlier, at random", async () => {
    const { clock, signer, tokens } = source({ random: () => 1 });
    await tokens.token();
    clock.now += LIFE_MS * 0.7 - 1;
    await tokens.token();
    expect(signer.calls).toBe(1);
    clock.now += 1;
    await tokens.token();
    expect(signer.calls).toBe(2);
  });

  test("signs anew at once after the process was frozen beyond the token's life", async () => {
    const { clock, tokens } = source();
    await tokens.token();
    clock.now += 3 * LIFE_MS;
    expect(await tokens.token()).toBe("token 2");
  });

  test("signs anew after the clock was set back to before the token was signed", async () => {
    const { clock, tokens } = source();
    await tokens.token();
    clock.now -= 30_000;
    expect(await tokens.token()).toBe("token 1");
    clock.now -= 3_600_000;
    expect(await tokens.token()).toBe("token 2");
    expect(await tokens.token()).toBe("token 2");
  });

  test("asks again, in time, a signer that has never answered", async () => {
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

  test("keeps the valid token when a refresh fails, and asks again only after a pause", async () => {
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

  test("fails once there is no valid token left, and recovers as soon as it can", async () => {
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

  test("leaves no rejection behind when the last one to ask has gone", async () => {
    const { clock, signer, tokens } = source();
    await tokens.token();
    signer.failure = new Error("no credentials");
    clock.now += LIFE_MS * 0.9;
    await tokens.token();
    await settle();
    expect(tokens.stats.tokensFailed).toBe(1);
  });

  test("never hands out a token past its life, whatever the clock and the signer do", async () => {
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
