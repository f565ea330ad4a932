import { build } from "./build.js";

/** For the tests that start programs. A type error is printed, but does not stop the tests. */
export async function setup(): Promise<void> {
  await build();
}
