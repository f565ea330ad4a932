import { randomBytes } from "node:crypto";
import type { AccessKey } from "./verify-token.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A key pair that looks like one of AWS's and is valid only for this endpoint. */
export function generateAccessKey(): AccessKey {
  const characters = Array.from(randomBytes(16), (byte) => BASE32[byte % 32]).join("");
  return { accessKeyId: `AKIA${characters}`, secretAccessKey: randomBytes(30).toString("base64") };
}

/** A cluster id: 26 characters from a-z and 0-9. */
export function generateClusterId(): string {
  return Array.from(randomBytes(26), (byte) => BASE32[byte % 32]?.toLowerCase()).join("");
}
