import { inspect } from "node:util";
import { expect, it } from "vitest";
import { concealedKey } from "../../src/auth/concealed-key.ts";

it("a key pair does not show its secrets when something that holds it is printed", () => {
  const key = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret one", sessionToken: "secret two" };
  const printed = inspect({ local: { credentials: concealedKey(key) } }, { depth: null, showHidden: true });
  expect(printed).toContain("AKIAEXAMPLE");
  expect(printed).not.toContain("secret one");
  expect(printed).not.toContain("secret two");
  expect(concealedKey(key)).toEqual(key);
  expect(structuredClone(concealedKey(key))).toEqual(key);
});
