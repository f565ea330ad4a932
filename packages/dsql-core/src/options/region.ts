import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DsqlConfigError } from "../errors.ts";

/** Where the Region of a connection can come from, besides environment variables and AWS files. */
export interface RegionSources {
  region?: string | undefined;
  /** The one in the host name. */
  hostRegion?: string | undefined;
  profile?: string | undefined;
}

/**
 * The Region to sign for: the explicit one, the host name's, AWS_REGION, AWS_DEFAULT_REGION, then the profile's.
 * @throws DsqlConfigError when the explicit one contradicts the host name, since its token would never be valid
 */
export function resolveRegion(
  sources: RegionSources,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const { hostRegion, profile } = sources;
  const region = regionName(sources.region, "region");
  if (region !== undefined && hostRegion !== undefined && region !== hostRegion)
    throw new DsqlConfigError(
      `region is "${region}", but the host is in "${hostRegion}": a token signed for another Region is never valid. Omit region, or correct the host.`,
    );
  return (
    region ??
    hostRegion ??
    regionName(env.AWS_REGION || undefined, "AWS_REGION") ??
    regionName(env.AWS_DEFAULT_REGION || undefined, "AWS_DEFAULT_REGION") ??
    regionName(regionOfProfile(profile, env), "region of the profile")
  );
}

function regionName(given: string | undefined, source: string): string | undefined {
  const name = given?.trim().toLowerCase();
  if (name === undefined || /^[a-z0-9]+(-[a-z0-9]+)+$/.test(name)) return name;
  throw new DsqlConfigError(`${source} must be the name of an AWS Region such as "us-east-1".`);
}

/** The Region of a profile, from the shared credentials and config files; the former wins, as in the AWS SDK. */
function regionOfProfile(profile: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const name = profile ?? (env.AWS_PROFILE || "default");
  const folder = join(env.HOME || env.USERPROFILE || homedir(), ".aws");
  const credentials = readIfThere(env.AWS_SHARED_CREDENTIALS_FILE || join(folder, "credentials"));
  const config = readIfThere(env.AWS_CONFIG_FILE || join(folder, "config"));
  return (
    regionInFile(credentials, [name]) ??
    regionInFile(config, name === "default" ? ["default", "profile default"] : [`profile ${name}`])
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Reads `region = …` of the named sections; a nested setting, which is indented, is not one of them. */
export function regionInFile(text: string, sections: string[]): string | undefined {
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      inside = sections.includes(section.replace(/\s+/g, " ").replace(/"/g, ""));
      continue;
    }
    const region = /^region\s*=\s*([^\s#;]+)/.exec(line)?.[1];
    if (inside && region !== undefined) return region.toLowerCase();
  }
  return undefined;
}
