/** An AWS identity, as the AWS SDK's `AwsCredentialIdentity` has it. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Nothing signed with them is accepted after this time. */
  readonly expiration?: Date | undefined;
}

/** Fetches an AWS identity; every provider of `@aws-sdk/credential-providers` fits. Called once for each token that is signed. */
export type AwsCredentialProvider = () => Promise<AwsCredentials>;
