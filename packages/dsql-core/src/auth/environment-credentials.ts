import type { AwsCredentials } from "./aws-credentials.ts";

/**
 * The credentials in environment variables, which come first in the SDK's default chain too, unless AWS_PROFILE
 * names others. A Lambda function has them there, and so needs no SDK.
 * Source: AWS SDKs and Tools reference guide, "AWS access keys" (2026-09-08); `@aws-sdk/credential-provider-node` 3.972.
 */
export function environmentCredentials(env: NodeJS.ProcessEnv = process.env): AwsCredentials | undefined {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION } = env;
  if (env.AWS_PROFILE || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    ...(AWS_CREDENTIAL_EXPIRATION && { expiration: new Date(AWS_CREDENTIAL_EXPIRATION) }),
  };
}
