import { ConnectionLostError } from "../errors.ts";
import { noteIfUnreachable } from "../retry/unreachable.ts";
import { wait } from "../retry/wait.ts";
import { explainLoginFailure, patienceMs, wantsFreshToken, wantsPatience } from "./login-failure.ts";

/** What a login in progress is waiting for. */
export type LoginStage = "a token" | "the server's response" | "the cluster to accept connections again";

const TAKES_NO_CONNECTIONS = "the cluster to accept connections again";

/** The operations of a client that make up a login. */
export interface LoginSteps {
  /** Gets a token ready, so that no socket is opened without one. */
  prepareToken(): Promise<unknown>;
  /** Makes the next `prepareToken` get a new token. */
  discardToken(): void;
  /** Opens the socket and logs in. */
  connect(): Promise<unknown>;
  /** Resets the client to its state before `connect`. */
  startAnew(): void;
  /** Closes the socket at once. */
  close(): void;
}

/**
 * One login: an expired token is replaced once, a login that is refused temporarily is retried until the time is up, and the
 * time limit covers everything, getting a token included.
 */
export class Login {
  readonly #steps: LoginSteps;
  /** Aborted when the login has failed, its time is up, or it is abandoned. */
  readonly #over = new AbortController();
  #stage: LoginStage = "a token";
  #refusal: unknown;

  constructor(steps: LoginSteps) {
    this.#steps = steps;
  }

  get stage(): LoginStage {
    return this.#stage;
  }

  /** The last error with which the cluster refused the connection temporarily. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** @throws ConnectionLostError when the time is up; see {@link explainLoginFailure} for the rest */
  async run(timeoutMs: number): Promise<void> {
    const { signal } = this.#over;
    const timer = setTimeout(() => {
      const message = `No connection within ${timeoutMs} ms; it was waiting for ${this.#stage}.`;
      this.abandon(new ConnectionLostError(message, { cause: this.#refusal }));
    }, timeoutMs);
    const abandoned = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    try {
      await Promise.race([this.#attempts(), abandoned]);
    } catch (error) {
      this.#over.abort(error);
      this.#steps.close();
      noteIfUnreachable(error);
      throw explainLoginFailure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes `run` reject with this reason. */
  abandon(reason: Error): void {
    this.#over.abort(reason);
  }

  /** Tries until a login succeeds, or fails for a reason that neither a new token nor waiting ("patience") can fix. */
  async #attempts(): Promise<void> {
    const { signal } = this.#over;
    let refusals = 0;
    for (let hasFreshToken = false; ; ) {
      this.#stage = "a token";
      await this.#steps.prepareToken();
      signal.throwIfAborted();
      this.#stage = "the server's response";
      try {
        await this.#steps.connect();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (wantsFreshToken(error) && !hasFreshToken) {
          hasFreshToken = true;
          this.#steps.discardToken();
        } else if (wantsPatience(error)) {
          this.#refusal = error;
          this.#stage = TAKES_NO_CONNECTIONS;
        } else {
          throw error;
        }
        // Before the wait: when the old connection ends, pg would reject every statement that is queued for this login.
        this.#steps.startAnew();
        if (this.#stage === TAKES_NO_CONNECTIONS) await wait(patienceMs(++refusals), signal);
      }
    }
  }
}
