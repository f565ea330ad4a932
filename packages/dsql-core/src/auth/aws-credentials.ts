/** AWS credentials, in the form of the AWS SDK's `AwsCredentialIdentity`. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** After this time, what they have signed is no longer accepted. */
  readonly expiration?: Date | undefined;
}

/** Fetches AWS credentials; every provider of `@aws-sdk/credential-providers` fits. Called once for each token that is signed. */
export type AwsCredentialProvider = () => Promise<AwsCredentials>;
