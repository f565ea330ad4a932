import { timingSafeEqual } from "node:crypto";
import { amzDate, parseAmzDate, presignature } from "./sigv4.ts";

/** The access key pair that tokens must be signed with. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface TokenExpectation {
  credentials: AccessKey;
  /** Host names of the endpoint; the token must be signed for one of them. */
  hosts: readonly string[];
  region: string;
  /** The user of the startup packet: `admin` needs DbConnectAdmin, any other user DbConnect. */
  user: string;
  /** @default the clock's */
  now?: Date | undefined;
}

/** The verdict on a token: the HINT for the client and the reason for the log. Neither contains any part of the token. */
export type TokenVerdict = { valid: true } | { valid: false; reason: string; hint?: string | undefined };

/** A week, the longest that DSQL allows. */
const MAX_EXPIRES_SECONDS = 604_800;
/** How far a signer's clock may be ahead; AWS allows five minutes. */
const MAX_SKEW_MS = 5 * 60_000;
const PARAMETERS = [
  "Action",
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-SignedHeaders",
];

const refuse = (reason: string, hint?: string): TokenVerdict => ({ valid: false, reason, hint });

/**
 * Verifies an authentication token as the cluster does. A token is a request that was presigned with Signature Version 4;
 * its signature is computed again from its parameters.
 */
export function verifyToken(token: string, expected: TokenExpectation): TokenVerdict {
  const match = /^(?:https:\/\/)?([^/?#]+)\/?\?([^#]*)$/.exec(token);
  if (!match) return refuse("the password is not an authentication token");
  const [, host = "", queryText = ""] = match;
  const query = parseParameters(queryText);
  if (!query) return refuse("the token's parameters are malformed, or one appears twice");
  const { credentials } = expected;
  const wanted = [...PARAMETERS, ...(query.has("X-Amz-Security-Token") ? ["X-Amz-Security-Token"] : [])];
  if (query.size !== wanted.length + 1 || ![...wanted, "X-Amz-Signature"].every((name) => query.has(name))) {
    return refuse("the token has missing or extra parameters");
  }
  const get = (name: string): string => query.get(name) as string;
  if (get("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256")
    return refuse("the token's algorithm is not AWS4-HMAC-SHA256");
  if (get("X-Amz-SignedHeaders") !== "host")
    return refuse("the token must sign the host header and no other");
  const signedAt = parseAmzDate(get("X-Amz-Date"));
  if (!signedAt) return refuse("the token's date is malformed");
  const [keyId, day, region, service, terminator, ...more] = get("X-Amz-Credential").split("/");
  if (keyId !== credentials.accessKeyId) {
    return refuse("the token was signed with a different access key id");
  }
  if (
    day !== get("X-Amz-Date").slice(0, 8) ||
    service !== "dsql" ||
    terminator !== "aws4_request" ||
    more.length > 0
  ) {
    return refuse("the token's scope is not <date>/<region>/dsql/aws4_request");
  }
  if (region !== expected.region)
    return refuse(
      `the token was signed for Region ${printable(region)}, this endpoint is in ${expected.region}`,
    );
  if (!expected.hosts.includes(host.toLowerCase()))
    return refuse(`the token was signed for host ${printable(host)}, this endpoint is ${expected.hosts[0]}`);
  const action = expected.user === "admin" ? "DbConnectAdmin" : "DbConnect";
  if (query.get("X-Amz-Security-Token") !== credentials.sessionToken) {
    return refuse("the token's session token differs from that of the credentials");
  }
  if (!signatureMatches(query, host, credentials.secretAccessKey)) {
    return refuse("the signature does not match: the secret access key or a parameter differs");
  }
  if (get("Action") !== action) {
    const mapping = `user: ${expected.user}, action: ${printable(get("Action"))}`;
    return refuse(
      `the token's action does not match the user: ${mapping}`,
      `Wrong user to action mapping. ${mapping}`,
    );
  }
  return checkAge(signedAt, get("X-Amz-Expires"), expected.now ?? new Date());
}

function checkAge(signedAt: Date, expires: string, now: Date): TokenVerdict {
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (seconds < 1 || seconds > MAX_EXPIRES_SECONDS)
    return refuse("the token's X-Amz-Expires must be from 1 to 604800 seconds");
  const ends = signedAt.getTime() + seconds * 1000;
  if (now.getTime() >= ends) {
    const [end, current] = [amzDate(new Date(ends)), amzDate(now)];
    const hint = `Signature expired: ${end} is now earlier than ${current} (${current} - 0 min.)`;
    return refuse("the token has expired", hint);
  }
  if (signedAt.getTime() - now.getTime() > MAX_SKEW_MS) {
    return refuse(
      "the token's date is in the future",
      `Signature not yet current: ${amzDate(signedAt)} is still later than ${amzDate(now)}`,
    );
  }
  return { valid: true };
}

function signatureMatches(
  query: ReadonlyMap<string, string>,
  host: string,
  secretAccessKey: string,
): boolean {
  const parameters = new Map(query);
  parameters.delete("X-Amz-Signature");
  const [, day = "", region = "", service = ""] = (query.get("X-Amz-Credential") ?? "").split("/");
  const computed = presignature({ host, parameters, scope: { day, region, service }, secretAccessKey });
  const received = query.get("X-Amz-Signature") ?? "";
  return computed.length === received.length && timingSafeEqual(Buffer.from(computed), Buffer.from(received));
}

function parseParameters(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    if (equals < 1) return undefined;
    try {
      const name = decodeURIComponent(pair.slice(0, equals));
      if (parameters.has(name)) return undefined;
      parameters.set(name, decodeURIComponent(pair.slice(equals + 1)));
    } catch {
      return undefined;
    }
  }
  return parameters;
}

/** Makes untrusted text safe for a log line: shortens it, and keeps only characters of host names and Regions. */
const printable = (text = ""): string => text.replace(/[^\w.:-]/g, "?").slice(0, 100);
