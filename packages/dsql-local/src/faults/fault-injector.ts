import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorFields } from "../wire/error-fields.ts";
import { type CutPoint, FAULT_NAMES, type FaultName, type Faults, type LatencyOptions } from "./faults.ts";

/** What a session must do when a fault fires: cut the connection, or send this error; a FATAL one ends the session. */
export type Fault = "cut" | (Omit<ErrorFields, "severity"> & { severity?: "FATAL" });

const UNAVAILABLE: Fault = { sqlstate: "XX000", message: "server unavailable" };
const ENDED: Fault = {
  severity: "FATAL",
  sqlstate: "57P01",
  message: "terminating connection due to administrator command",
};
const CONFLICTS = {
  OC000: { sqlstate: "40001", message: "change conflicts with another transaction (OC000)" },
  OC001: { sqlstate: "40001", message: "schema has been updated by another transaction (OC001)" },
} as const;

/**
 * The two sides of faults: a test arms them ({@link Faults}); the endpoint and its sessions check, at each point of their
 * work, whether one fires. Each fault that a call returns is counted, and used up.
 */
export class FaultInjector implements Faults {
  #armed: Record<FaultName, number> = zeros();
  #counts: Record<FaultName, number> = zeros();
  #conflictCodes: ("OC000" | "OC001")[] = [];
  #connectionStates: ("53300" | "53400")[] = [];
  #tokenKinds: ("expired" | "invalid")[] = [];
  #latency: { [Name in keyof LatencyOptions]-?: number } = { roundTripMs: 0, commitMs: 0, commitJitter: 0 };
  /** False while nothing is armed and no latency is set, so that a session can skip the checks. */
  active = false;

  conflictCommits(times: number, code: "OC000" | "OC001" = "OC000"): void {
    this.#arm("conflict", times);
    for (let i = 0; i < times; i++) this.#conflictCodes.push(code);
  }

  cutConnection(point: CutPoint, times = 1): void {
    this.#arm(`cut-${point}`, times);
  }

  dropCommitResponse(times = 1): void {
    this.#arm("dropped-commit-response", times);
  }

  dropResponse(to: "begin" | "rollback", times = 1): void {
    this.#arm(`dropped-${to}-response`, times);
  }

  endSession(point: "statement" | "commit", times = 1): void {
    this.#arm(`fatal-${point}`, times);
  }

  serverUnavailable(point: "statement" | "commit" | "after-commit", times = 1): void {
    this.#arm(`unavailable-${point}`, times);
  }

  refuseConnections(sqlstate: "53300" | "53400", times = 1): void {
    this.#arm("refused-connection", times);
    for (let i = 0; i < times; i++) this.#connectionStates.push(sqlstate);
  }

  refuseTokens(kind: "expired" | "invalid", times = 1): void {
    this.#arm("refused-token", times);
    for (let i = 0; i < times; i++) this.#tokenKinds.push(kind);
  }

  latency(options: LatencyOptions): void {
    const { roundTripMs = 0, commitMs = 0, commitJitter = 0 } = options;
    if (commitJitter > 1)
      throw new RangeError("commitJitter must be at most 1: it is a fraction of commitMs");
    for (const [name, value] of Object.entries({ roundTripMs, commitMs, commitJitter })) {
      if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
        throw new RangeError(`${name} must be a number of at least 0`);
    }
    this.#latency = { roundTripMs, commitMs, commitJitter };
    this.#refresh();
  }

  get counts(): Readonly<Record<FaultName, number>> {
    return { ...this.#counts };
  }

  clear(): void {
    this.#armed = zeros();
    this.#counts = zeros();
    this.#conflictCodes = [];
    this.#connectionStates = [];
    this.#tokenKinds = [];
    this.latency({});
  }

  /** When BEGIN has arrived, before it is carried out. */
  beforeBegin(): "cut" | undefined {
    return this.#fires("cut-before-begin") ? "cut" : undefined;
  }

  /** When BEGIN was carried out, before anything is sent to the client. */
  afterBegin(): "drop" | undefined {
    return this.#fires("dropped-begin-response") ? "drop" : undefined;
  }

  /** When ROLLBACK was carried out, before anything is sent to the client. */
  afterRollback(): "drop" | undefined {
    return this.#fires("dropped-rollback-response") ? "drop" : undefined;
  }

  /** For a statement that is neither BEGIN, COMMIT nor ROLLBACK. `cut`: let PostgreSQL start on it, then close the client's connection. */
  inStatement(): Fault | undefined {
    if (this.#fires("unavailable-statement")) return UNAVAILABLE;
    if (this.#fires("fatal-statement")) return ENDED;
    return this.#fires("cut-in-statement") ? "cut" : undefined;
  }

  /** When COMMIT (or an autocommit write) has arrived. If it returns a fault, roll back: nothing must be committed. */
  beforeCommit(): Fault | undefined {
    if (this.#fires("cut-before-commit")) return "cut";
    if (this.#fires("unavailable-commit")) return UNAVAILABLE;
    if (this.#fires("fatal-commit")) return ENDED;
    return this.#fires("conflict") ? CONFLICTS[this.#conflictCodes.shift() ?? "OC000"] : undefined;
  }

  /** When PostgreSQL has committed, before anything is sent to the client. `drop`: send nothing, and keep the connection open. */
  afterCommit(): Fault | "drop" | undefined {
    if (this.#fires("cut-after-commit")) return "cut";
    if (this.#fires("unavailable-after-commit")) return UNAVAILABLE;
    return this.#fires("dropped-commit-response") ? "drop" : undefined;
  }

  /** At a login, before the token is checked: which refusal to send. */
  atConnect(): "53300" | "53400" | undefined {
    return this.#fires("refused-connection") ? this.#connectionStates.shift() : undefined;
  }

  /** At a login, instead of the verdict on the token. */
  atToken(): "expired" | "invalid" | undefined {
    return this.#fires("refused-token") ? this.#tokenKinds.shift() : undefined;
  }

  /** Waits for the round-trip latency: once for each Query, each Sync and each Flush. */
  delayRoundTrip(): Promise<void> | undefined {
    const { roundTripMs } = this.#latency;
    if (roundTripMs === 0) return undefined;
    this.#counts["delayed-round-trip"]++;
    return sleepMs(roundTripMs);
  }

  /** Waits for the commit latency. */
  delayCommit(): Promise<void> | undefined {
    const { commitMs, commitJitter } = this.#latency;
    if (commitMs === 0) return undefined;
    this.#counts["delayed-commit"]++;
    return sleepMs(commitMs * (1 + commitJitter * (2 * Math.random() - 1)));
  }

  #arm(name: FaultName, times: number): void {
    if (!Number.isInteger(times) || times < 1) throw new RangeError("times must be an integer of at least 1");
    this.#armed[name] += times;
    this.#refresh();
  }

  #fires(name: FaultName): boolean {
    if (this.#armed[name] === 0) return false;
    this.#armed[name]--;
    this.#counts[name]++;
    this.#refresh();
    return true;
  }

  #refresh(): void {
    const { roundTripMs, commitMs } = this.#latency;
    this.active = roundTripMs > 0 || commitMs > 0 || FAULT_NAMES.some((name) => this.#armed[name] > 0);
  }
}

/** Timers count whole milliseconds, so a fraction is rounded up with a probability equal to it, which keeps the mean. */
function sleepMs(durationMs: number): Promise<void> {
  const whole = Math.floor(durationMs);
  return sleep(whole + (Math.random() < durationMs - whole ? 1 : 0));
}

function zeros(): Record<FaultName, number> {
  return Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<FaultName, number>;
}
