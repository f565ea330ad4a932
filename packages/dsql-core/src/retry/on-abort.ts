/**
 * Calls `stop` with the signal's reason when it aborts, unless the returned function was called before; has no effect on a
 * signal that has already aborted.
 */
export function onAbort(signal: AbortSignal | undefined, stop: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  const listener = () => stop(signal.reason);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
