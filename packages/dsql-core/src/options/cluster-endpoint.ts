/** The parts of the host name of a cluster endpoint. */
export interface ClusterEndpoint {
  /** 26 letters and digits. */
  clusterId: string;
  /** For instance `us-east-1`. */
  region: string;
  /** The part after `dsql-` in a PrivateLink or FIPS host name. */
  suffix?: string | undefined;
}

const ENDPOINT = /^([a-z0-9]{26})\.dsql(?:-([a-z0-9-]+))?\.([a-z0-9-]+)\.on\.aws$/;
const CLUSTER_ID = /^[a-z0-9]{26}$/;

/**
 * Reads `<cluster id>.dsql.<Region>.on.aws`, or the PrivateLink form with `dsql-<suffix>`, in any case.
 * Returns undefined for every other name.
 * Source: Aurora DSQL user guide, "Accessing Aurora DSQL" and "AWS PrivateLink".
 */
export function parseClusterEndpoint(host: string): ClusterEndpoint | undefined {
  const [, clusterId, suffix, region] = ENDPOINT.exec(host.toLowerCase()) ?? [];
  if (clusterId === undefined || region === undefined) return undefined;
  return suffix === undefined ? { clusterId, region } : { clusterId, region, suffix };
}

/** Whether a text is a cluster id by itself: 26 letters and digits, in any case. */
export function isClusterId(text: string): boolean {
  return CLUSTER_ID.test(text.toLowerCase());
}

/** The host name of a cluster's public endpoint, in lower case. */
export function clusterHost({ clusterId, region }: ClusterEndpoint): string {
  return `${clusterId.toLowerCase()}.dsql.${region}.on.aws`;
}

/** Identifies a cluster for the retry lanes: endpoints with the same host name and port lead to the same rows. */
export function clusterName({ host, port }: { host: string; port: number }): string {
  return `${host.toLowerCase()}:${port}`;
}
