import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { EndpointCertificate } from "../tls/certificate-store.ts";
import type { LoginContext } from "./log-in.ts";
import { serveConnection } from "./serve-connection.ts";

/** Another program uses the endpoint's port. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/** The TCP side of an endpoint: its port, and the connections on it. */
export class Listener {
  readonly #tls: SecureContext;
  readonly #context: LoginContext;
  readonly #connections = new Map<Socket, Promise<void>>();
  #servers: Server[] = [];
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

  /** Listens on 127.0.0.1 and ::1: on the given port, or on the previous one. @throws {PortInUseError} */
  async listen(port = this.#port): Promise<void> {
    if (this.#servers.length > 0) return;
    const server = await this.#open(port, "127.0.0.1");
    this.#port = (server.address() as AddressInfo).port;
    this.#servers = [server];
    // The machine may have no IPv6, or another program may use the port there; a client that resolves localhost tries both.
    const ipv6Server = await this.#open(this.#port, "::1").catch(() => undefined);
    if (ipv6Server) this.#servers.push(ipv6Server);
  }

  #open(port: number, host: string): Promise<Server> {
    const { cluster } = this.#context;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    // So many as the limit of open files allows, if that is known; the server drops the others.
    if (cluster.files) server.maxConnections = cluster.files.sockets;
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const message = `port ${port} is used by another program; choose another one, or 0 for any free port`;
        reject(error.code === "EADDRINUSE" ? new PortInUseError(message, { cause: error }) : error);
      });
      server.listen({ port, host, backlog: 1024 }, () => {
        server.on("error", (error) => cluster.log(`cannot accept a connection: ${error.message}`));
        server.on("drop", () =>
          cluster.log(
            `closed a new connection: the limit of ${cluster.files?.maxOpenFiles} open files (ulimit -n) is too low`,
          ),
        );
        resolve(server);
      });
    });
  }

  /** Closes the port and every connection, and waits until the last session has ended. */
  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    this.#servers = [];
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all([...closed, ...this.#connections.values()]);
  }

  #accept(socket: Socket): void {
    this.#context.cluster.stats.connectionsAccepted++;
    const served = serveConnection(socket, this.#tls, this.#context).finally(() =>
      this.#connections.delete(socket),
    );
    this.#connections.set(socket, served);
  }
}
