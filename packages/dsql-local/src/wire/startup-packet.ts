import { CANCEL_REQUEST_CODE, GSS_REQUEST_CODE, SSL_REQUEST_CODE } from "./frontend-messages.ts";

/** PostgreSQL's own limit for packets before the login (MAX_STARTUP_PACKET_LENGTH). */
const MAX_STARTUP_BYTES = 10_000;

/** What the first packet of a connection, which has no type byte, can be. */
export type StartupPacket =
  | { kind: "tls" }
  | { kind: "gss" }
  | { kind: "cancel"; processId: number; secretKey: number }
  | { kind: "startup"; minorVersion: number; parameters: Map<string, string> }
  | { kind: "invalid" };

/** Bytes of the packet at the head: 0 if that is not known yet, -1 if it cannot be a packet. */
export function startupPacketLength(received: Buffer): number {
  if (received.length < 4) return 0;
  const length = received.readInt32BE(0);
  return length < 8 || length > MAX_STARTUP_BYTES ? -1 : length;
}

/** Reads a complete packet. */
export function parseStartupPacket(packet: Buffer): StartupPacket {
  const code = packet.readInt32BE(4);
  if (code === SSL_REQUEST_CODE) return { kind: "tls" };
  if (code === GSS_REQUEST_CODE) return { kind: "gss" };
  if (code === CANCEL_REQUEST_CODE) {
    if (packet.length !== 16) return { kind: "invalid" };
    return { kind: "cancel", processId: packet.readInt32BE(8), secretKey: packet.readInt32BE(12) };
  }
  if (code >> 16 !== 3) return { kind: "invalid" };
  // Names and values, each zero-terminated, and one zero at the end.
  const texts = packet.toString("utf8", 8).split("\0");
  if (texts.pop() !== "" || texts.pop() !== "" || texts.length % 2 !== 0) return { kind: "invalid" };
  const parameters = new Map<string, string>();
  for (let i = 0; i < texts.length; i += 2) parameters.set(texts[i] as string, texts[i + 1] as string);
  return { kind: "startup", minorVersion: code & 0xffff, parameters };
}
