import { createHash, createHmac } from "node:crypto";
import type { AwsCredentials } from "./aws-credentials.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
const SERVICE = "dsql";

/** What a token is signed for, with which credentials, and when. */
export interface Presigning {
  host: string;
  region: string;
  action: "DbConnect" | "DbConnectAdmin";
  credentials: AwsCredentials;
  /** Seconds. */
  expiresIn: number;
  signedAt: Date;
}

/**
 * Signs a token: the presigned URL, without its scheme, of a GET request to the host. The AWS SDK's signer makes the same
 * text, but takes longer to load than all the rest of this package.
 * Source: AWS IAM user guide, "AWS Signature Version 4 for API requests" (2026-09-08).
 */
export function presign({ host, region, action, credentials, expiresIn, signedAt }: Presigning): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = signedAt.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${SERVICE}/aws4_request`;
  // The signature covers the parameters sorted by name, as they are here.
  const parameters = {
    Action: action,
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${accessKeyId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": String(expiresIn),
    ...(sessionToken && { "X-Amz-Security-Token": sessionToken }),
    "X-Amz-SignedHeaders": "host",
  };
  const query = Object.entries(parameters)
    .map(([name, value]) => `${name}=${percentEncoded(value)}`)
    .join("&");
  // Method, path, query, headers, an empty line, names of the signed headers, and the hash of the (empty) body.
  const canonicalRequest = `GET\n/\n${query}\nhost:${host}\n\nhost\n${sha256("")}`;
  const signingKey = [day, region, SERVICE, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${secretAccessKey}`,
  );
  const stringToSign = `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonicalRequest)}`;
  const signature = hmac(signingKey, stringToSign).toString("hex");
  return `${host}/?${query}&X-Amz-Signature=${signature}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** By RFC 3986, which encodes a few characters that `encodeURIComponent` leaves as they are. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
