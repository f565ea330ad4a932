import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { DsqlConfigError } from "../errors.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";

/**
 * TLS that verifies the certificate's chain and the host name, regardless of NODE_TLS_REJECT_UNAUTHORIZED.
 * pg adds `servername`, which DSQL needs to find the cluster.
 * @throws DsqlConfigError when `ca` is not certificates, or `sslrootcert` cannot be read
 */
export function tlsOptions({ ca, sslrootcert }: DsqlConnectionOptions): ConnectionOptions {
  if (ca !== undefined && ![ca].flat().every((one) => typeof one === "string" || Buffer.isBuffer(one)))
    throw new DsqlConfigError("ca must be certificates in PEM, as strings or Buffers.");
  const options: ConnectionOptions = { rejectUnauthorized: true, minVersion: "TLSv1.2" };
  const certificates =
    ca ?? (sslrootcert === undefined || sslrootcert === "system" ? undefined : readFile(sslrootcert));
  return certificates === undefined ? options : { ...options, ca: certificates };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DsqlConfigError("sslrootcert names a file that cannot be read.", { cause });
  }
}
