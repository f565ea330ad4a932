/** A process of clients: runs one plan after the other: reports when it is ready, and starts when the parent says so. */
import { once } from "node:events";
import { type ClientsPlan, runClients } from "./run-clients.ts";

process.on("message", (message: { plan?: ClientsPlan }) => {
  if (message.plan === undefined) return;
  const ready = async () => {
    const go = once(process, "message");
    process.send?.({ ready: true });
    await go;
  };
  runClients(message.plan, ready).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.stack : String(error) }),
  );
});
