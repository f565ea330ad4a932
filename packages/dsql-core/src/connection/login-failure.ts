import { ConnectionLostError } from "../errors.ts";
import { isServerError } from "./explain-failure.ts";

/** Whether a login was refused because its token is stale: another token will do (user guide, "Troubleshooting"). */
export function wantsFreshToken(error: unknown): boolean {
  return isServerError(error) && "hint" in error && /signature expired/i.test(String(error.hint ?? ""));
}

/** A login that was cut off becomes a lost connection; what the server, TLS or the token source says stays as it is. */
export function explainLoginFailure(error: unknown): unknown {
  if (!(error instanceof Error) || isServerError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const cutOff = code === "ECONNRESET" || code === "EPIPE" || /^Connection terminated/.test(error.message);
  if (!cutOff) return error;
  return new ConnectionLostError("The connection to the cluster was cut off while it was being opened.", {
    cause: error,
  });
}
