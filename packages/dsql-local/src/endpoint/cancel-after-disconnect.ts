import type { FrontendConnection } from "../wire/frontend-connection.ts";

/** The waits between a disconnect and the first cancel request, and between cancel requests. */
const GRACE_MS = 200;

/**
 * Cancels what PostgreSQL is doing for a client that has disconnected. It repeats that, because a cancel request that
 * arrives between two statements has no effect.
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
        // If PostgreSQL cannot be reached, the session has ended with it.
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
