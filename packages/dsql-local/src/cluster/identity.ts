import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateAccessKey, generateClusterId } from "../auth/credentials.ts";
import type { AccessKey } from "../auth/verify-token.ts";
import { DataDirectoryError } from "../postgres/kept-data-directory.ts";

/** What stays the same when a cluster is restarted: its key pair, and its id in each Region. */
export interface ClusterIdentity {
  credentials: AccessKey;
  clusterIds: Readonly<Record<string, string>>;
}

const FILE = "dsql-local-identity.json";

/** A new identity, or with `dataDir` the one stored there, so that a saved connection string keeps working. */
export async function clusterIdentity(options: {
  regions: readonly string[];
  dataDir?: string | undefined;
  credentials?: AccessKey | undefined;
}): Promise<ClusterIdentity> {
  const { regions, dataDir } = options;
  const file = dataDir && join(dataDir, FILE);
  const kept = file ? await readIdentity(file) : undefined;
  const identity: ClusterIdentity = {
    credentials: options.credentials ?? kept?.credentials ?? generateAccessKey(),
    clusterIds: {
      ...kept?.clusterIds,
      ...Object.fromEntries(
        regions.map((region) => [region, kept?.clusterIds[region] ?? generateClusterId()]),
      ),
    },
  };
  // Keys that the caller passes in are never written to disk.
  const ours = options.credentials
    ? { ...identity, credentials: kept?.credentials ?? generateAccessKey() }
    : identity;
  if (file) await writeFile(file, JSON.stringify(ours), { mode: 0o600 });
  return identity;
}

async function readIdentity(file: string): Promise<ClusterIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { credentials, clusterIds } = JSON.parse(text) as ClusterIdentity;
    if (credentials.secretAccessKey && clusterIds) return { credentials, clusterIds };
  } catch {
    // Reported below without the parser's message, which would quote a part of the secret.
  }
  throw new DataDirectoryError(
    `${file} is damaged; remove it, and a new key pair and host name are generated`,
  );
}
