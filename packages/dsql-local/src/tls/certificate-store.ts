import { X509Certificate } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../postgres/cache-directory.ts";
import type { KeyPair } from "./issue-certificate.ts";

/** What an endpoint needs for TLS. */
export interface EndpointCertificate extends KeyPair {
  /** The CA certificate, PEM. */
  ca: string;
  /** The path of the CA certificate, for `sslrootcert`. */
  caPath: string;
}

/** How long before its expiry a certificate is replaced. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;

/**
 * The certificate of a Region's endpoints, signed by our own CA; both are kept in the cache directory between runs, so that
 * a client needs to be configured with the CA only once.
 */
export async function endpointCertificate(region: string): Promise<EndpointCertificate> {
  const folder = join(await cacheDirectory(), "tls");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const ca = await keptPair(join(folder, "ca"), async () =>
    (await import("./issue-certificate.ts")).issueCa(),
  );
  const leaf = await keptPair(
    join(folder, region),
    async () => (await import("./issue-certificate.ts")).issueLeaf(ca, region),
    (pair) => new X509Certificate(pair.certificate).verify(new X509Certificate(ca.certificate).publicKey),
  );
  return { ...leaf, ca: ca.certificate, caPath: join(folder, "ca", "certificate.pem") };
}

/** The pair in a folder; one that is missing, invalid or about to expire is issued again. */
async function keptPair(
  folder: string,
  issue: () => Promise<KeyPair>,
  isValid: (pair: KeyPair) => boolean = () => true,
): Promise<KeyPair> {
  const kept = await readPair(folder);
  if (kept && !expiresSoon(kept) && isValid(kept)) return kept;
  if (kept) await rm(folder, { recursive: true, force: true });
  const pair = await issue();
  const draft = await mkdtemp(`${folder}-`);
  try {
    await writeFile(join(draft, "private-key.pem"), pair.privateKey, { mode: 0o600 });
    await writeFile(join(draft, "certificate.pem"), pair.certificate, { mode: 0o644 });
    await chmod(draft, 0o755);
    await rename(draft, folder);
    return pair;
  } catch (error) {
    // Another process may have been faster; a folder is renamed when it is complete, so an existing pair is complete.
    const other = await readPair(folder);
    if (!other) throw error;
    return other;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function readPair(folder: string): Promise<KeyPair | undefined> {
  try {
    return {
      certificate: await readFile(join(folder, "certificate.pem"), "utf8"),
      privateKey: await readFile(join(folder, "private-key.pem"), "utf8"),
    };
  } catch {
    return undefined;
  }
}

function expiresSoon({ certificate }: KeyPair): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) - Date.now() < RENEW_BEFORE_MS;
}
