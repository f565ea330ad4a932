/** Each kind of fault that can fire, by its name in `faults.counts`. */
export const FAULT_NAMES = [
  "conflict",
  "cut-before-begin",
  "cut-in-statement",
  "cut-before-commit",
  "cut-after-commit",
  "dropped-begin-response",
  "dropped-rollback-response",
  "dropped-commit-response",
  "fatal-statement",
  "fatal-commit",
  "unavailable-statement",
  "unavailable-commit",
  "unavailable-after-commit",
  "refused-connection",
  "refused-token",
  "delayed-round-trip",
  "delayed-commit",
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];

/** Where a connection can be cut. */
export type CutPoint = "before-begin" | "in-statement" | "before-commit" | "after-commit";

export interface LatencyOptions {
  /** Milliseconds added to every round trip; a pipelined batch up to its Sync is one. @default 0 */
  roundTripMs?: number | undefined;
  /** Milliseconds added to COMMIT and to an autocommit write. @default 0 */
  commitMs?: number | undefined;
  /** How far `commitMs` varies at random: 0.3 is ± 30 %. @default 0 */
  commitJitter?: number | undefined;
}

/**
 * Faults on demand. Each method arms a fault for the next `times` occasions, on whichever connection they occur; a second
 * call adds to the first. An autocommit write counts as a commit. `counts` says how often each has fired.
 */
export interface Faults {
  /** The next commits fail with 40001, and their transactions are rolled back. @param code @default "OC000" */
  conflictCommits(times: number, code?: "OC000" | "OC001"): void;
  /**
   * Cuts the connection: when BEGIN arrives, while a statement runs, when COMMIT arrives (and is not carried out), or
   * after the commit was carried out and before its response is sent. @param times @default 1
   */
  cutConnection(point: CutPoint, times?: number): void;
  /** The next commits are carried out, but no response is sent; the connection stays open. @param times @default 1 */
  dropCommitResponse(times?: number): void;
  /** The next BEGIN or ROLLBACK is carried out, but no response is sent; the connection stays open. @param times @default 1 */
  dropResponse(to: "begin" | "rollback", times?: number): void;
  /**
   * Ends the session with FATAL 57P01, as an administrator does: instead of the response to a statement or to a commit,
   * which is not carried out. @param times @default 1
   */
  endSession(point: "statement" | "commit", times?: number): void;
  /**
   * Sends XX000 `server unavailable` and keeps the connection: to a statement, to a commit that was not carried out
   * (`commit`), or to one that was (`after-commit`). @param times @default 1
   */
  serverUnavailable(point: "statement" | "commit" | "after-commit", times?: number): void;
  /** Refuses the next logins for too many connections (53300) or too many new ones a second (53400). @param times @default 1 */
  refuseConnections(sqlstate: "53300" | "53400", times?: number): void;
  /** Refuses the tokens of the next logins, valid ones too: as expired (with DSQL's HINT) or as invalid. @param times @default 1 */
  refuseTokens(kind: "expired" | "invalid", times?: number): void;
  /** Sets the latency from now on; a missing field is 0. */
  latency(options: LatencyOptions): void;
  /** How often each fault has fired since the start, or since `clear()`. */
  readonly counts: Readonly<Record<FaultName, number>>;
  /** Disarms every fault, removes the latency, and sets the counts to 0. */
  clear(): void;
}
