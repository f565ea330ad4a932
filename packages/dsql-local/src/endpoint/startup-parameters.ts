import { SESSION_PARAMETERS } from "../rules/parameters.ts";
import type { StartupPacket } from "../wire/startup-packet.ts";

/** The contents of a startup packet. */
export interface StartupRequest {
  user: string;
  database: string;
  /** Accepted parameters, including those of `options`; names in lower case. */
  parameters: ReadonlyMap<string, string>;
  /** The first parameter that DSQL does not support. */
  unsupported?: string | undefined;
  /** Protocol options (`_pq_.…`) that are not known here; undefined if the client requested plain 3.0. */
  protocolOptions?: readonly string[] | undefined;
}

export function readStartupParameters(packet: StartupPacket & { kind: "startup" }): StartupRequest {
  const { parameters: received, minorVersion } = packet;
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  let unsupported: string | undefined;
  const add = (name: string, value: string): void => {
    const lower = name.toLowerCase();
    if (SESSION_PARAMETERS.has(lower)) parameters.set(lower, value);
    else unsupported ??= name;
  };
  for (const [name, value] of received) {
    if (name === "user" || name === "database") continue;
    if (name.startsWith("_pq_.")) protocolOptions.push(name);
    else if (name === "options") for (const [option, setting] of parseOptions(value)) add(option, setting);
    else add(name, value);
  }
  const user = received.get("user") ?? "";
  return {
    user,
    database: received.get("database") || user,
    parameters,
    unsupported,
    ...((minorVersion > 0 || protocolOptions.length > 0) && { protocolOptions }),
  };
}

/** Reads libpq's `options`: `-c name=value`, `-cname=value` and `--name=value`, with a backslash before a space. */
function parseOptions(text: string): [name: string, value: string][] {
  const words = (text.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((word) => word.replace(/\\(.)/gs, "$1"));
  const found: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    let setting = word;
    if (word === "-c") setting = words[++i] ?? "";
    else if (word.startsWith("--")) setting = word.slice(2);
    else if (word.startsWith("-c")) setting = word.slice(2);
    const equals = setting.indexOf("=");
    if (equals < 1) found.push([setting, ""]);
    // A dash in a name means an underscore, as on PostgreSQL's own command line.
    else found.push([setting.slice(0, equals).replaceAll("-", "_"), setting.slice(equals + 1)]);
  }
  return found;
}
