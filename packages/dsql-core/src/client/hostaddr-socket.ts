import { Socket } from "node:net";

/**
 * A socket that connects to `address` in place of the host, so that pg still verifies TLS and sends SNI for the host's own
 * name (libpq's `hostaddr`).
 */
export class HostaddrSocket extends Socket {
  readonly #address: string;

  constructor(address: string) {
    super();
    this.#address = address;
  }

  override connect(...args: unknown[]): this {
    const [port, host] = args;
    // pg calls connect(port, host) and nothing else; its host is replaced.
    if (typeof port !== "number" || typeof host !== "string")
      throw new TypeError("connect must be called with a port and a host");
    return super.connect(port, this.#address);
  }
}
