import type { FrontendConnection } from "../wire/frontend-connection.ts";

/** How long the statement of a client that went away may go on, and how often it is then asked to end. */
const GRACE_MS = 200;

/**
 * Cancels what PostgreSQL does for a client that has gone away, again and again, since a cancel may come between two
 * statements and then does nothing.
 */
export function cancelAfterDisconnect(
  client: FrontendConnection,
  cancel: () => Promise<void>,
): { stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const again = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      cancel()
        // Where PostgreSQL cannot be reached, the session has ended with it.
        .catch(() => undefined)
        .finally(again);
    }, GRACE_MS);
  };
  void client.closed.then(again);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
