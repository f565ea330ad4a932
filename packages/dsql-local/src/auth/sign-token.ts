import { amzDate, canonicalQuery, presignature } from "./sigv4.ts";
import type { AccessKey } from "./verify-token.ts";

export interface SignTokenOptions {
  host: string;
  region: string;
  credentials: AccessKey;
  /** `admin` gets a DbConnectAdmin token, any other user a DbConnect token. @default "admin" */
  user?: string | undefined;
  /** Seconds that the token can be used to log in, 1 to 604800. @default 900 */
  expiresInSeconds?: number | undefined;
  /** @default the clock's */
  now?: Date | undefined;
}

/** Signs an authentication token, like the AWS SDK's DsqlSigner. */
export function signToken(options: SignTokenOptions): string {
  const { host, region, credentials, user = "admin", expiresInSeconds = 900, now = new Date() } = options;
  const date = amzDate(now);
  const scope = { day: date.slice(0, 8), region, service: "dsql" };
  const parameters = new Map([
    ["Action", user === "admin" ? "DbConnectAdmin" : "DbConnect"],
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${credentials.accessKeyId}/${scope.day}/${region}/dsql/aws4_request`],
    ["X-Amz-Date", date],
    ["X-Amz-Expires", String(expiresInSeconds)],
    ["X-Amz-SignedHeaders", "host"],
  ]);
  if (credentials.sessionToken !== undefined)
    parameters.set("X-Amz-Security-Token", credentials.sessionToken);
  const { secretAccessKey } = credentials;
  const signature = presignature({ host, parameters, scope, secretAccessKey });
  return `${host}/?${canonicalQuery(parameters)}&X-Amz-Signature=${signature}`;
}
