import { onAbort } from "./on-abort.ts";

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. Leaves no timer and no listener behind. */
export function wait(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stopListening = onAbort(signal, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
    const timer = setTimeout(() => {
      stopListening();
      resolve();
    }, delayMs);
  });
}
