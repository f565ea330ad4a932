import { inspect } from "node:util";
import type { AccessKey } from "./verify-token.ts";

/**
 * The same key pair, whose secret parts are not shown when it, or an object that contains it, is printed with console.log or
 * util.inspect. They can be read by name, and JSON contains them, so that a test can pass the pair to another process.
 */
export function concealedKey({ accessKeyId, secretAccessKey, sessionToken }: AccessKey): AccessKey {
  const key: AccessKey = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  };
  const shown = {
    accessKeyId,
    secretAccessKey: "[concealed]",
    ...(sessionToken && { sessionToken: "[concealed]" }),
  };
  return Object.defineProperty(key, inspect.custom, { value: () => shown });
}
