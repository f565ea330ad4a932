import type { ErrorFields } from "../wire/error-fields.ts";

/** A login that is refused: what the client is told, and why, for the log. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly fields: Omit<ErrorFields, "severity">;

  constructor(fields: Omit<ErrorFields, "severity">, reason: string) {
    super(reason);
    this.fields = fields;
  }
}

export const refusal = (sqlstate: string, message: string, reason: string, hint?: string): LoginRefused =>
  new LoginRefused({ sqlstate, message, hint }, reason);
/** DSQL's answer to every token that it does not take. */
export const accessDenied = (reason: string, hint?: string): LoginRefused =>
  refusal("08006", "unable to accept connection, access denied", reason, hint);

export const TOO_MANY = "53300";
export const tooManyConnections = (reason: string): LoginRefused =>
  refusal(TOO_MANY, "Unable to accept connection, too many open connections.", reason);
