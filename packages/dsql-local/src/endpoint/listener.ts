import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { EndpointCertificate } from "../tls/certificate-store.ts";
import type { LoginContext } from "./log-in.ts";
import { serveConnection } from "./serve-connection.ts";

/** The port of an endpoint is taken by another program. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/** The TCP side of an endpoint: its port, and the connections on it. */
export class Listener {
  readonly #tls: SecureContext;
  readonly #context: LoginContext;
  readonly #connections = new Map<Socket, Promise<void>>();
  #server: Server | undefined;
  #port = 0;

  constructor(certificate: EndpointCertificate, context: LoginContext) {
    this.#context = context;
    this.#tls = createSecureContext({
      cert: certificate.certificate,
      key: certificate.privateKey,
      minVersion: "TLSv1.2",
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Listens on 127.0.0.1: on the port given, or on the one it had before. @throws {PortInUseError} */
  async listen(port = this.#port): Promise<void> {
    if (this.#server) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const told = `port ${port} is taken by another program; name another one, or 0 for any free one`;
        reject(error.code === "EADDRINUSE" ? new PortInUseError(told, { cause: error }) : error);
      });
      server.listen({ port, host: "127.0.0.1", backlog: 1024 }, () => resolve());
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Closes the port and every connection, and waits until the last session has ended. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all([closed, ...this.#connections.values()]);
  }

  #accept(socket: Socket): void {
    this.#context.cluster.stats.connectionsAccepted++;
    const served = serveConnection(socket, this.#tls, this.#context).finally(() =>
      this.#connections.delete(socket),
    );
    this.#connections.set(socket, served);
  }
}
