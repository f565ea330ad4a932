import { DsqlTokenError } from "../errors.ts";
import type { AwsCredentialProvider, AwsCredentials } from "./aws-credentials.ts";
import { environmentCredentials } from "./environment-credentials.ts";
import { presign } from "./presign.ts";

/** What a token is signed for, and the credentials that sign it. */
export interface TokenRequest {
  host: string;
  region: string;
  user: string;
  /** Seconds. */
  tokenDurationSecs: number;
  credentials?: AwsCredentials | AwsCredentialProvider | undefined;
  profile?: string | undefined;
}

/** A token, and the time after which it opens no more connections. */
export interface SignedToken {
  token: string;
  /** Milliseconds since 1970; the end of its duration or of the credentials behind it, whichever comes first. */
  expiresAtMs: number;
}

/** Signs one token. */
export type TokenSigner = () => Promise<SignedToken>;

/** A signer of tokens for one endpoint and user. */
export function awsTokenSigner(request: TokenRequest): TokenSigner {
  const { host, region, user, tokenDurationSecs: expiresIn } = request;
  const action = user === "admin" ? "DbConnectAdmin" : "DbConnect";
  const provider = memoizedProvider(request);
  return async () => {
    const credentials = await fetchCredentials(provider);
    const signedAt = new Date();
    const signedAtMs = signedAt.getTime();
    const expiresAtMs = Math.min(signedAtMs + expiresIn * 1000, endOf(credentials));
    if (expiresAtMs <= signedAtMs)
      throw new DsqlTokenError(
        "The AWS credentials have expired; a token signed with them would be refused.",
      );
    return { token: presign({ host, region, action, credentials, expiresIn, signedAt }), expiresAtMs };
  };
}

/** The package that a failed import was looking for, from the error or one that it wraps (Node.js manual, "Errors"). */
function missingPackage(error: unknown): string | undefined {
  for (let link = error, depth = 0; link instanceof Error && depth < 10; link = link.cause, depth++) {
    const { code } = link as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") continue;
    const name = /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^./'][^/']*)/.exec(link.message)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

async function loadAwsSdk(): Promise<typeof import("./aws-sdk.ts")> {
  try {
    return await import("./aws-sdk.ts");
  } catch (cause) {
    throw new DsqlTokenError(
      `The AWS SDK could not be loaded${missingPackage(cause) === undefined ? "" : `: ${missingPackage(cause)} is missing`}. Install @aws-sdk/credential-provider-node, or let your bundler include it.`,
      { cause },
    );
  }
}

/** Milliseconds since 1970. A provider that parsed JSON may have left the date a string. */
function endOf({ expiration }: AwsCredentials): number {
  if (expiration === undefined || expiration === null) return Number.POSITIVE_INFINITY;
  const endMs = new Date(expiration).getTime();
  if (Number.isNaN(endMs))
    throw new DsqlTokenError("The expiration of the AWS credentials is not a valid date.");
  return endMs;
}

async function fetchCredentials(provider: AwsCredentialProvider): Promise<AwsCredentials> {
  let identity: AwsCredentials | undefined;
  try {
    identity = await provider();
  } catch (cause) {
    if (cause instanceof DsqlTokenError) throw cause;
    const missing = missingPackage(cause);
    if (missing !== undefined)
      throw new DsqlTokenError(
        `The AWS credentials provider needs the package ${missing}, which is not installed: npm install ${missing}`,
        { cause },
      );
    throw new DsqlTokenError(
      "The AWS credentials could not be fetched. Check the cause, and the profile or role of this process.",
      { cause },
    );
  }
  if (typeof identity?.accessKeyId !== "string" || typeof identity.secretAccessKey !== "string")
    throw new DsqlTokenError("The credentials provider did not return an accessKeyId and a secretAccessKey.");
  return identity;
}

/** The request's own credentials, or the environment's, or the SDK's default chain, created once: it caches what it has fetched until that expires. */
function memoizedProvider({ credentials, profile, region }: TokenRequest): AwsCredentialProvider {
  if (typeof credentials === "function") return credentials;
  if (credentials !== undefined) return async () => credentials;
  let chain: AwsCredentialProvider | undefined;
  return async () => {
    const found = profile === undefined ? environmentCredentials() : undefined;
    if (found !== undefined) return found;
    if (chain === undefined) {
      const { defaultProvider } = await loadAwsSdk();
      chain = defaultProvider({ ...(profile !== undefined && { profile }), clientConfig: { region } });
    }
    return await chain();
  };
}
