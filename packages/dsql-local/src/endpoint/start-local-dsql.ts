import { concealedKey } from "../auth/concealed-key.ts";
import { signToken } from "../auth/sign-token.ts";
import { TEMPLATE_SQL } from "../catalog/template-sql.ts";
import { Cluster } from "../cluster/cluster.ts";
import { type ClusterIdentity, clusterIdentity } from "../cluster/identity.ts";
import { ConnectionRate, resolveLimits } from "../cluster/limits.ts";
import type { LocalDsqlOptions } from "../cluster/options.ts";
import { FaultInjector } from "../faults/fault-injector.ts";
import { JobRunner } from "../jobs/job-runner.ts";
import { startDatabase } from "../postgres/database.ts";
import { loadParser } from "../sql/pg-parser.ts";
import { endpointCertificate } from "../tls/certificate-store.ts";
import { Listener } from "./listener.ts";
import type { LocalDsql, LocalEndpoint } from "./local-dsql.ts";

/** Each session is a process of PostgreSQL; a machine that can run more of them is not to be expected. */
const MAX_BACKENDS = 1000;
/** Processes for the endpoint's own connections: jobs, cancel requests. */
const SPARE_BACKENDS = 30;

/**
 * Starts a local endpoint that behaves like Aurora DSQL, with its own PostgreSQL 16. The first start on a machine
 * creates a template of the data directory; later ones copy it.
 * @throws {PortInUseError} @throws {DataDirectoryError} @throws {MissingPlatformPackageError}
 */
export async function startLocalDsql(options: LocalDsqlOptions = {}): Promise<LocalDsql> {
  demandSupportedNode();
  const limits = resolveLimits(options.limits);
  const regions = options.regions ?? [options.region ?? "us-east-1"];
  if (regions.length === 0) throw new RangeError("regions must list at least one Region");
  if (new Set(regions).size < regions.length) throw new RangeError("regions must not list a Region twice");
  for (const region of regions) {
    if (!/^[a-z0-9-]{1,40}$/.test(region)) throw new RangeError(`"${region}" is not the name of a Region`);
  }
  const parser = loadParser();
  // It loads while PostgreSQL starts and is awaited afterwards; if PostgreSQL fails, this keeps a rejection from being unhandled.
  parser.catch(() => undefined);
  const database = await startDatabase({
    dataDirectory: options.dataDir,
    maxConnections: Math.min(limits.maxConnections, MAX_BACKENDS) + SPARE_BACKENDS,
    setupSql: TEMPLATE_SQL,
    supervision: {
      log: (line) => options.log?.(line),
      onFailure: (error) => {
        if (options.onFailure) options.onFailure(error);
        else options.log?.(error.message);
      },
    },
  });
  const faults = new FaultInjector();
  const cluster = new Cluster({
    address: database.address,
    faults,
    limits,
    schemaConflicts: options.schemaConflicts,
    hints: options.hints,
    log: options.log,
  });
  const listeners: Listener[] = [];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      await Promise.all(listeners.map((listener) => listener.close()));
      try {
        await cluster.runCleanups();
      } finally {
        await database.stop();
      }
    })();
    return stopped;
  };
  try {
    await parser;
    // Before the first session: PostgreSQL lets only calls with this key use the functions that are the endpoint's own.
    await cluster.storeCallKey();
    const jobs = await JobRunner.start({
      openBackend: () => cluster.openWatchedBackend(),
      buildDelayMs: options.indexBuildMs,
      onSchemaChange: () => cluster.adjudicator.jobEnded(),
      log: cluster.log,
    });
    cluster.onStop(() => jobs.stop());
    const identity = await clusterIdentity({ ...options, regions });
    const endpoints: LocalEndpoint[] = [];
    for (const [index, region] of regions.entries()) {
      const port = options.port ? options.port + index : 0;
      const { endpoint, listener } = await openEndpoint({ cluster, identity, region, port });
      listeners.push(listener);
      endpoints.push(endpoint);
    }
    // The result has the first endpoint's fields; takeAway and bringBack are of each endpoint alone.
    const [{ takeAway: _, bringBack: __, ...first }] = endpoints as [LocalEndpoint];
    return { ...first, endpoints, faults, stats: cluster.stats, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

async function openEndpoint(options: {
  cluster: Cluster;
  identity: ClusterIdentity;
  region: string;
  port: number;
}): Promise<{ endpoint: LocalEndpoint; listener: Listener }> {
  const { cluster, region } = options;
  const { clusterIds } = options.identity;
  const credentials = concealedKey(options.identity.credentials);
  const { connectionRate, connectionBurst } = cluster.limits;
  const certificate = await endpointCertificate(region);
  const clusterId = clusterIds[region] as string;
  const host = `${clusterId}.dsql.${region}.on.aws`;
  const rate = new ConnectionRate(connectionRate, connectionBurst);
  const listener = new Listener(certificate, {
    cluster,
    credentials,
    hosts: [host, "localhost"],
    region,
    rate,
  });
  await listener.listen(options.port);
  const { port } = listener;
  const { ca, caPath } = certificate;
  const [hostaddr, user, database] = ["127.0.0.1", "admin", "postgres"] as const;
  const query = new URLSearchParams({ hostaddr, sslmode: "verify-full", sslrootcert: caPath });
  const endpoint: LocalEndpoint = {
    connectionString: `postgresql://${user}@${host}:${port}/${database}?${query}`,
    ...{ host, hostaddr, port, region, clusterId, user, database, caPath, ca, credentials },
    connection: { host, hostaddr, port, user, database, region, ca, credentials },
    token: (given = {}) => signToken({ host, region, credentials, ...given }),
    takeAway: () => listener.close(),
    bringBack: () => listener.listen(),
  };
  return { endpoint, listener };
}

/** npm only warns about a Node.js version that `engines` excludes. */
function demandSupportedNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`dsql-local needs Node.js 20.19 or later; this is ${process.versions.node}.`);
}
