import { build } from "./build.js";

/** For the tests that start programs. A type error is printed and stops no test. */
export async function setup(): Promise<void> {
  await build();
}
