import { createRequire } from "node:module";
import { addTransactionWithRetry } from "./transaction-with-retry-method.ts";

/**
 * Kysely 0.28 comes twice, for `import` and for `require`. A program that requires it makes its instances from a class that
 * this package, being a module, never sees; so that class gets the method when the first of them asks for a dialect's parts.
 */
export function extendRequiredKysely(): void {
  const prototype = requiredKysely()?.prototype;
  if (prototype !== undefined) addTransactionWithRetry(prototype);
}

function requiredKysely(): { prototype: object } | undefined {
  try {
    const require = createRequire(import.meta.url);
    return require.cache[require.resolve("kysely")]?.exports.Kysely;
  } catch {
    // A bundle has neither a place to require from nor a second copy.
    return undefined;
  }
}
