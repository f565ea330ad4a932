export type { AccessKey } from "./auth/verify-token.ts";
export type { LocalDsqlStats } from "./cluster/cluster.ts";
export type { LocalDsqlLimits, LocalDsqlOptions } from "./cluster/options.ts";
export { PortInUseError } from "./endpoint/listener.ts";
export type { LocalConnection, LocalDsql, LocalEndpoint } from "./endpoint/local-dsql.ts";
export { startLocalDsql } from "./endpoint/start-local-dsql.ts";
export type { CutPoint, FaultName, Faults, LatencyOptions } from "./faults/faults.ts";
export { DataDirectoryError } from "./postgres/kept-data-directory.ts";
export { MissingPlatformPackageError } from "./postgres/platform-package.ts";
