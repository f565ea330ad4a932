import { isIP } from "node:net";
import { DsqlConfigError } from "../errors.ts";
import { clusterHost, isClusterId, parseClusterEndpoint } from "./cluster-endpoint.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";
import { resolveRegion } from "./region.ts";

const HOST_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/**
 * The host that TLS verifies and tokens are signed for, in lower case, and its Region.
 * @throws DsqlConfigError when one of them is missing or invalid, or contradicts the other
 */
export function resolveHost(options: DsqlConnectionOptions): { host: string; region: string } {
  const { profile } = options;
  const host = options.host?.trim().replace(/\.$/, "").toLowerCase();
  if (!host)
    throw new DsqlConfigError(
      "host is missing: pass a connection string (is DATABASE_URL set?), a cluster endpoint as host, or a cluster id as host with a region.",
    );
  if (/[<>]/.test(host))
    throw new DsqlConfigError(
      "host still contains a placeholder in angle brackets: replace it with your cluster's endpoint.",
    );
  if (isIP(host) !== 0)
    throw new DsqlConfigError(
      "host must be a name, because TLS verifies it and the token is signed for it. Use the cluster endpoint as host, and the address as hostaddr.",
    );
  if (!HOST_NAME.test(host))
    throw new DsqlConfigError("host must be only a host name, without a scheme, a port or a path.");
  const endpoint = parseClusterEndpoint(host);
  const region = resolveRegion({ region: options.region, hostRegion: endpoint?.region, profile });
  if (isClusterId(host)) {
    if (region === undefined)
      throw new DsqlConfigError("region is missing: a cluster id does not include the Region.");
    return { host: clusterHost({ clusterId: host, region }), region };
  }
  if (endpoint === undefined && options.region === undefined)
    throw new DsqlConfigError(
      "region is missing: the host is not a cluster endpoint (<26 characters>.dsql.<region>.on.aws), and a custom domain needs region.",
    );
  return { host, region: region as string };
}
