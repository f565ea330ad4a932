import { DsqlTokenError } from "../errors.ts";
import type { SignedToken, TokenSigner } from "./token-signer.ts";

/** A token is replaced after this share of its lifetime, less up to a tenth of it at random so that processes do not all sign at once. */
const REFRESH_AT = 0.8;
const REFRESH_JITTER = 0.1;
/** Milliseconds for which a token must still be valid to be used, so that it outlives the login; at most a tenth of its lifetime. */
const MARGIN_MS = 5_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** Milliseconds after which a signing that has not finished is considered hung, and the next caller starts another. */
const HUNG_MS = 10_000;
/** Milliseconds by which the clock may be set back before a token is considered signed in the future, which servers reject. */
const SKEW_MS = 60_000;

/** The counts of a token source. */
export interface TokenStats {
  tokensSigned: number;
  tokensFailed: number;
  /** Milliseconds that the slowest token took, including failed ones. */
  slowestTokenMs: number;
}

/** Called when a token was signed, or could not be signed. */
export interface TokenListener {
  tokenSigned?(event: { elapsedMs: number; expiresAtMs: number }): void;
  tokenFailed?(event: { elapsedMs: number; error: unknown; stillValid: boolean }): void;
}

interface CurrentToken extends SignedToken {
  signedAtMs: number;
  refreshAtMs: number;
  usableUntilMs: number;
}

/**
 * The tokens of one endpoint and user: signed when one is needed, kept, and replaced in the background when 80 % of its
 * lifetime is over (less some jitter). It has no timer: it checks the wall clock at each use, which also works after a process was frozen.
 */
export class TokenSource {
  readonly #sign: TokenSigner;
  readonly #listener: TokenListener;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #stats: TokenStats = { tokensSigned: 0, tokensFailed: 0, slowestTokenMs: 0 };
  #current: CurrentToken | undefined;
  #signing: Promise<string> | undefined;
  #signingSinceMs = 0;
  #failures = 0;
  #nextTryAtMs = 0;

  constructor(
    sign: TokenSigner,
    options: { listener?: TokenListener; now?: () => number; random?: () => number } = {},
  ) {
    this.#sign = sign;
    this.#listener = options.listener ?? {};
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
  }

  get stats(): Readonly<TokenStats> {
    const runningMs = this.#signing === undefined ? 0 : this.#now() - this.#signingSinceMs;
    return { ...this.#stats, slowestTokenMs: Math.max(this.#stats.slowestTokenMs, runningMs) };
  }

  /** Whether a token is available without waiting. */
  get ready(): boolean {
    const now = this.#now();
    const current = this.#current;
    return current !== undefined && now < current.usableUntilMs && now >= current.signedAtMs - SKEW_MS;
  }

  /**
   * Returns a token that is valid now; callers who arrive while one is being signed share it.
   * @throws DsqlTokenError when there is no valid token and none can be signed
   */
  async token(): Promise<string> {
    const now = this.#now();
    const current = this.#current;
    if (current === undefined) return await this.#signOnce();
    if (!this.ready) {
      return await this.#signOnce().catch((error) => {
        if (this.#current === current && this.#now() < current.expiresAtMs) return current.token;
        throw error;
      });
    }
    if (now >= current.refreshAtMs && now >= this.#nextTryAtMs) {
      // The current token is still valid, so no caller waits for the next one or fails with it.
      this.#signOnce().catch(() => {});
    }
    return current.token;
  }

  /** Discards a token that the server refused, unless another one has replaced it meanwhile. */
  discard(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  #signOnce(): Promise<string> {
    const now = this.#now();
    const isHung = now - this.#signingSinceMs >= HUNG_MS || now < this.#signingSinceMs;
    if (this.#signing !== undefined && !isHung) return this.#signing;
    this.#signingSinceMs = now;
    const signing = this.#signNext().finally(() => {
      if (this.#signing === signing) this.#signing = undefined;
    });
    this.#signing = signing;
    return signing;
  }

  async #signNext(): Promise<string> {
    const startedAtMs = this.#now();
    try {
      const signed = await this.#sign();
      const now = this.#now();
      const lifeMs = signed.expiresAtMs - now;
      if (lifeMs <= 0) throw new DsqlTokenError("The token had expired by the time it was signed.");
      const refreshAtMs = now + lifeMs * (REFRESH_AT - REFRESH_JITTER * this.#random());
      const usableUntilMs = signed.expiresAtMs - Math.min(MARGIN_MS, lifeMs / 10);
      // A late signature does not replace a token that was signed after it.
      if (startedAtMs === this.#signingSinceMs || !this.ready)
        this.#current = { ...signed, signedAtMs: now, refreshAtMs, usableUntilMs };
      this.#failures = 0;
      this.#nextTryAtMs = 0;
      this.#stats.tokensSigned++;
      const elapsedMs = this.#took(startedAtMs);
      this.#listener.tokenSigned?.({ elapsedMs, expiresAtMs: signed.expiresAtMs });
      return signed.token;
    } catch (error) {
      this.#stats.tokensFailed++;
      const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures++, 16));
      this.#nextTryAtMs = this.#now() + backoffMs * (0.5 + this.#random() / 2);
      this.#listener.tokenFailed?.({ elapsedMs: this.#took(startedAtMs), error, stillValid: this.ready });
      throw error;
    }
  }

  #took(startedAtMs: number): number {
    const elapsedMs = this.#now() - startedAtMs;
    this.#stats.slowestTokenMs = Math.max(this.#stats.slowestTokenMs, elapsedMs);
    return elapsedMs;
  }
}
