import type { ErrorFields } from "../wire/error-fields.ts";

/** A refused login: `fields` is the error for the client, and the message is the reason for the log. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly fields: Omit<ErrorFields, "severity">;

  constructor(fields: Omit<ErrorFields, "severity">, reason: string) {
    super(reason);
    this.fields = fields;
  }
}

export const loginRefused = (
  sqlstate: string,
  message: string,
  reason: string,
  hint?: string,
): LoginRefused => new LoginRefused({ sqlstate, message, hint }, reason);
/** DSQL's error for every token that it rejects. */
export const accessDenied = (reason: string, hint?: string): LoginRefused =>
  loginRefused("08006", "unable to accept connection, access denied", reason, hint);

export const TOO_MANY = "53300";
export const tooManyConnections = (reason: string): LoginRefused =>
  loginRefused(TOO_MANY, "Unable to accept connection, too many open connections.", reason);
