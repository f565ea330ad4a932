import { createHash, createHmac } from "node:crypto";

/** The scope of a signature: the credential parameter without the key id. */
export interface SigningScope {
  /** YYYYMMDD */
  day: string;
  region: string;
  service: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Encodes as RFC 3986 requires: encodeURIComponent leaves five more characters unencoded. */
const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Parameters in the canonical form of Signature Version 4: encoded, sorted by name. */
export const canonicalQuery = (parameters: Iterable<readonly [string, string]>): string =>
  [...parameters]
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .sort()
    .join("&");

/** The signature of a presigned `GET /` without a body, whose only signed header is `host` (AWS IAM user guide, "Signature Version 4"). */
export function presignature(options: {
  host: string;
  parameters: ReadonlyMap<string, string>;
  scope: SigningScope;
  secretAccessKey: string;
}): string {
  const { host, parameters, scope, secretAccessKey } = options;
  const request = `GET\n/\n${canonicalQuery(parameters)}\nhost:${host}\n\nhost\n${sha256("")}`;
  const parts = [scope.day, scope.region, scope.service, "aws4_request"];
  const text = `AWS4-HMAC-SHA256\n${parameters.get("X-Amz-Date")}\n${parts.join("/")}\n${sha256(request)}`;
  const key = parts.reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${secretAccessKey}`);
  return hmac(key, text).toString("hex");
}

/** A time in the format of the parameters: YYYYMMDDTHHMMSSZ. */
export const amzDate = (date: Date): string => date.toISOString().replace(/[-:]|\.\d{3}/g, "");

/** Parses such a time; undefined if it is malformed. */
export function parseAmzDate(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
