import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LatencyOptions, LocalConnection } from "dsql-local";

/** A request to the endpoint's process. */
export interface EndpointRequest {
  latency: LatencyOptions;
}

/** A dsql-local in a process of its own. */
export interface EndpointProcess extends AsyncDisposable {
  connection: LocalConnection;
  /** Sets the latency from now on. */
  latency(latency: LatencyOptions): Promise<void>;
}

/** Starts dsql-local in a child process; disposing of it ends both. */
export async function startEndpointProcess(): Promise<EndpointProcess> {
  const child = fork(fileURLToPath(import.meta.resolve("./main.js")));
  const { connection } = (await reply(child)) as { connection: LocalConnection };
  return {
    connection,
    async latency(latency) {
      const done = reply(child);
      child.send({ latency } satisfies EndpointRequest);
      await done;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

/** The next message of a child; rejects when it ends first. */
export async function reply(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  try {
    return await Promise.race([
      once(child, "message", { signal: ended.signal }).then(([message]) => message),
      once(child, "exit", { signal: ended.signal }).then(([code]) => {
        throw new Error(`a child process ended with code ${code} before it responded`);
      }),
    ]);
  } finally {
    ended.abort();
  }
}
