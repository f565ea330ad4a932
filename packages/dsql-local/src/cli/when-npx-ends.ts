const POLL_MS = 250;

/**
 * Calls back when the npx that started this program has exited: npx dies from a signal without forwarding it. If the
 * program was not started by npx, the exit of its parent is ignored.
 */
export function whenNpxEnds(ended: () => void): void {
  if (process.env.npm_command !== "exec") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    ended();
  }, POLL_MS);
  timer.unref();
}
