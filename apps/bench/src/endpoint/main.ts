/** Runs dsql-local in a process of its own, so that what is measured does not share its event loop. */
import { startLocalDsql } from "dsql-local";
import type { EndpointRequest } from "./endpoint-process.ts";

const endpoint = await startLocalDsql({ limits: { connectionRate: 10_000, connectionBurst: 10_000 } });

process.on("message", ({ latency }: EndpointRequest) => {
  endpoint.faults.latency(latency);
  process.send?.({ done: true });
});
// The parent has ended or is done: nothing may outlive it.
process.once("disconnect", () => void endpoint.stop());
process.send?.({ connection: endpoint.connection });
