import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { errorResponse } from "../wire/error-fields.ts";
import { parseStartupPacket, type StartupPacket, startupPacketLength } from "../wire/startup-packet.ts";

/** First byte of a TLS handshake, which a client sends that negotiates TLS directly. */
const TLS_HANDSHAKE = 0x16;

/** The client's first packet. */
export type OpenedConnection =
  | {
      kind: "session";
      socket: TLSSocket;
      sni?: string | undefined;
      packet: StartupPacket & { kind: "startup" };
      received: Buffer;
    }
  | { kind: "cancel"; processId: number; secretKey: number };

/**
 * Reads a new connection up to its startup packet: TLS after an SSLRequest or begun directly, or a cancel request with or
 * without TLS. Returns undefined if the connection was refused or ended; then it is closed.
 */
export async function openConnection(
  socket: Socket,
  context: SecureContext,
): Promise<OpenedConnection | undefined> {
  for (;;) {
    const first = await readPacket(socket, true);
    if (!first) return undefined;
    if (first.tls) {
      socket.unshift(first.rest);
      return afterTls(socket, context);
    }
    const { packet, rest } = first;
    if (packet.kind === "cancel") {
      socket.destroy();
      return packet;
    }
    // Bytes that arrived together with the request would be mistaken for bytes that arrived through TLS.
    if ((packet.kind !== "tls" && packet.kind !== "gss") || rest.length > 0) {
      refuseConnection(socket, packet);
      return undefined;
    }
    socket.write(packet.kind === "tls" ? "S" : "N");
    if (packet.kind === "tls") return afterTls(socket, context);
  }
}

async function afterTls(socket: Socket, context: SecureContext): Promise<OpenedConnection | undefined> {
  const secured = await secure(socket, context);
  const first = secured && (await readPacket(secured, false));
  if (!secured || !first || first.tls) return undefined;
  const { packet, rest } = first;
  if (packet.kind === "cancel") {
    secured.destroy();
    return packet;
  }
  if (packet.kind === "startup") {
    // False if the client sent none; the type declarations lack the property.
    const { servername } = secured as TLSSocket & { servername?: string | false };
    return { kind: "session", socket: secured, sni: servername || undefined, packet, received: rest };
  }
  refuseConnection(secured, packet);
  return undefined;
}

function refuseConnection(socket: Socket, packet: StartupPacket): void {
  const message =
    packet.kind === "startup" ? "unable to accept connection, SSL is required" : "invalid startup packet";
  socket.end(
    errorResponse({ severity: "FATAL", sqlstate: packet.kind === "startup" ? "08006" : "08P01", message }),
  );
}

/** Does the TLS handshake; undefined if it fails, and then everything is closed. */
function secure(socket: Socket, context: SecureContext): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    // A client that negotiates TLS directly must name the protocol, and get it confirmed.
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: ["postgresql"],
    });
    secured.once("secure", () => resolve(secured));
    secured.on("error", () => undefined);
    const close = (): void => {
      socket.destroy();
      secured.destroy();
      resolve(undefined);
    };
    secured.once("close", close);
    socket.once("close", close);
  });
}

type First = { tls: true; rest: Buffer } | { tls: false; packet: StartupPacket; rest: Buffer };

/** Reads one untyped packet; undefined if the connection ended first. */
function readPacket(socket: Socket, mayBeTls: boolean): Promise<First | undefined> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const settle = (first: First | undefined): void => {
      socket.off("data", onData);
      socket.off("close", onClose);
      socket.pause();
      resolve(first);
    };
    const onClose = (): void => settle(undefined);
    const onData = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const first = readFirst(received, mayBeTls);
      if (first) settle(first);
    };
    socket.on("data", onData);
    socket.on("close", onClose);
    if (socket.destroyed) settle(undefined);
    // Paused since the previous packet.
    else socket.resume();
  });
}

function readFirst(received: Buffer, mayBeTls: boolean): First | undefined {
  if (mayBeTls && received[0] === TLS_HANDSHAKE) return { tls: true, rest: received };
  const length = startupPacketLength(received);
  if (length < 0) return { tls: false, packet: { kind: "invalid" }, rest: Buffer.alloc(0) };
  if (length === 0 || length > received.length) return undefined;
  const packet = parseStartupPacket(received.subarray(0, length));
  return { tls: false, packet, rest: received.subarray(length) };
}
