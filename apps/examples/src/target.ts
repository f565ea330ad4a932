import type { DsqlPoolOptions } from "dsql-core";
import { startLocalDsql } from "dsql-local";

/** Where a program runs: a cluster, or a local endpoint of its own. */
export interface Target {
  /** What a pool needs to connect there. */
  options: DsqlPoolOptions;
  /** How to name it to a person. */
  name: string;
  stop(): Promise<void>;
}

/** The cluster that `DATABASE_URL` names, with the credentials of the environment; without it a fresh local endpoint. */
export async function openTarget(): Promise<Target> {
  const connectionString = process.env.DATABASE_URL;
  if (connectionString) {
    return { options: { connectionString }, name: "the cluster of DATABASE_URL", stop: async () => {} };
  }
  return await openLocalTarget();
}

/** A fresh local endpoint. */
export async function openLocalTarget(): Promise<Target> {
  const local = await startLocalDsql();
  return { options: local.connection, name: `dsql-local on port ${local.port}`, stop: () => local.stop() };
}
