const POLL_MS = 250;

/**
 * Calls back when the npx that has started this program is gone: npx dies of a signal and does not pass it on. Where the
 * program was started in another way its parent's end means nothing.
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
