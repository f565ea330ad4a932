import { ConnectionLostError } from "../errors.ts";
import { isServerError } from "./explain-failure.ts";

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** Whether a login was refused because its token has expired, so that a new one may work (user guide, "Troubleshooting"). */
export function wantsFreshToken(error: unknown): boolean {
  return isServerError(error) && "hint" in error && /signature expired/i.test(String(error.hint ?? ""));
}

/**
 * Whether a login was refused only temporarily: too many connections (53300), too many new ones per second (53400, user
 * guide, "Quotas"), or an idle cluster that is waking up ("Troubleshooting").
 */
export function wantsPatience(error: unknown): boolean {
  if (!isServerError(error)) return false;
  return error.code === "53300" || error.code === "53400" || /waking up cluster/i.test(error.message);
}

/**
 * Milliseconds to wait before the next login, at random, so that clients that were refused together do not retry together.
 */
export function patienceMs(refusals: number): number {
  return (0.5 + Math.random() / 2) * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(refusals - 1, 10));
}

/** A login that was cut off becomes a lost connection; errors of the server, TLS or the token source stay unchanged. */
export function explainLoginFailure(error: unknown): unknown {
  if (!(error instanceof Error) || isServerError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const cutOff = code === "ECONNRESET" || code === "EPIPE" || /^Connection terminated/.test(error.message);
  if (!cutOff) return error;
  return new ConnectionLostError("The connection to the cluster was cut off while it was being opened.", {
    cause: error,
  });
}
