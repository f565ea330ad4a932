import type { ClientConfig } from "pg";
import { awsTokenSigner } from "../auth/token-signer.ts";
import { TokenSource } from "../auth/token-source.ts";
import { applicationName } from "../options/application-name.ts";
import type { ConnectionSettings } from "../options/connection-settings.ts";
import { log } from "../telemetry/hooks.ts";
import { announce } from "../telemetry/telemetry.ts";
import { HostaddrSocket } from "./hostaddr-socket.ts";

/** What all connections to one endpoint as one user share: their settings, and the tokens that open them. */
export class ConnectionSource {
  readonly settings: ConnectionSettings;
  readonly tokens: TokenSource;
  #applicationName: string;
  #isNamed: boolean;

  constructor(settings: ConnectionSettings) {
    this.settings = settings;
    this.#applicationName = settings.applicationName;
    this.#isNamed = settings.isNamed;
    this.tokens = new TokenSource(awsTokenSigner(settings.token), {
      listener: {
        tokenSigned: (event) => announce(settings, "tokenSigned", event),
        tokenFailed: (event) => {
          const { elapsedMs, stillValid } = event;
          const error = event.error instanceof Error ? event.error.message : "unknown";
          log(settings.logger, "warn", "no token could be signed", { elapsedMs, stillValid, error });
          announce(settings, "tokenFailed", event);
        },
      },
    });
  }

  get applicationName(): string {
    return this.#applicationName;
  }

  /**
   * Sets the prefix of `application_name` for connections opened from now on, unless there is one already.
   * @throws DsqlConfigError for an invalid prefix
   */
  useOrmPrefix(ormPrefix: string): void {
    if (this.#isNamed) return;
    this.#applicationName = applicationName({ ormPrefix });
    this.#isNamed = true;
  }

  /** Options for a pg client; pg calls `password` once for each connection. */
  clientConfig(password: () => Promise<string>): ClientConfig {
    const { host, hostaddr, port, user, database, ssl, sslnegotiation, startupOptions, passedOn } =
      this.settings;
    return {
      ...passedOn,
      ...{ host, port, user, database, ssl, sslnegotiation, password },
      application_name: this.#applicationName,
      ...(startupOptions !== undefined && { options: startupOptions }),
      ...(hostaddr !== undefined && { stream: () => new HostaddrSocket(hostaddr) }),
    };
  }
}
