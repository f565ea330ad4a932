import type { OccType } from "../errors.ts";
import { UNAVAILABLE } from "./server-unavailable.ts";
import { DATA_CONFLICT, SCHEMA_CONFLICT, SERIALIZATION_FAILURE } from "./sqlstate.ts";

/**
 * What a caller can do about a failure: after `conflict`, `connection-lost` and `server-unavailable` nothing was stored, and
 * all of the work may be retried; after `commit-outcome-unknown`, check first; `other` is any other failure, which this
 * package does not retry.
 */
export type Failure =
  | "conflict"
  | "connection-lost"
  | "server-unavailable"
  | "commit-outcome-unknown"
  | "other";

/** The classification of one error, without the errors that it wraps. */
interface Verdict {
  failure: Failure;
  occType?: OccType | undefined;
}

const OTHER: Verdict = { failure: "other" };

/** Node's codes for a connection that was refused, reset or could not be opened (Node.js manual, "Common system errors"). */
const LOST_CODES = new Set<unknown>([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
/** The messages of pg 8's errors for a connection that has ended; these have no code. */
const LOST_MESSAGES =
  /^(?:Connection terminated\b|Client has encountered a connection error and is not queryable$|timeout expired$)/;

/**
 * Which conflict of DSQL an error is or wraps; undefined if it is not a conflict. Looks into `cause`, into the errors that
 * other libraries wrap (Sequelize, TypeORM, Objection, MikroORM, Prisma), and into an AggregateError, which is a conflict if
 * all its members are.
 */
export function classifyError(error: unknown): OccType | undefined {
  return verdictOf(error).occType;
}

/** Whether an error is or wraps a conflict of DSQL (OC000, OC001, or a bare SQLSTATE 40001). */
export function isOccError(error: unknown): boolean {
  return classifyError(error) !== undefined;
}

/**
 * What a caller can do about an error. A conflict whose retries are used up (`OccRetryExhaustedError`) is `other`, so that
 * nested retry loops do not multiply their attempts. Errors of pg and of Node that report a connection as lost or not opened
 * are `connection-lost`. From a client of another package, such an error does not show whether COMMIT had been sent; a
 * DsqlPool or a DsqlClient reports that case as `commit-outcome-unknown`.
 */
export function failureOf(error: unknown): Failure {
  const verdict = verdictOf(error);
  return verdict === OTHER
    ? followErrors(error, lostVerdict, { ranks: lostStrength, nothing: OTHER }).failure
    : verdict.failure;
}

/**
 * {@link failureOf} without the errors of pg and Node, for loops that retry a caller's work: the work may have met these on
 * a connection to something else.
 */
export function retryableFailureOf(error: unknown): Failure {
  return verdictOf(error).failure;
}

function verdictOf(error: unknown): Verdict {
  return followErrors(error, ownVerdict, { ranks: strength, nothing: OTHER });
}

const LOST: Verdict = { failure: "connection-lost" };
/**
 * An error of this package is what its code says, whatever it wraps: a token that could not be fetched for lack of a network
 * is not a lost connection.
 */
const JUDGED: Verdict = { failure: "other" };

function lostVerdict(error: object): Verdict {
  const code = readProperty(error, "code");
  if (typeof code === "string" && code.startsWith("DSQL_")) return JUDGED;
  return isLostConnection(error) ? LOST : OTHER;
}

function lostStrength(verdict: Verdict): number {
  if (verdict === JUDGED) return 5;
  return verdict === LOST ? 1 : 0;
}

function isLostConnection(error: object): boolean {
  const code = readProperty(error, "code");
  if (code !== undefined && code !== null) return LOST_CODES.has(code);
  const message = readProperty(error, "message");
  return typeof message === "string" && LOST_MESSAGES.test(message);
}

/** A COMMIT of undetermined outcome outweighs everything else, and a conflict of known type one of unknown type. */
function strength(verdict: Verdict): number {
  if (verdict.failure === "commit-outcome-unknown") return 5;
  if (verdict.failure === "other") return verdict.occType === undefined ? 0 : 4;
  if (verdict.failure === "connection-lost" || verdict.failure === "server-unavailable") return 3;
  return verdict.occType === "unknown" ? 1 : 2;
}

function ownVerdict(error: object): Verdict {
  const code = readProperty(error, "code");
  switch (code) {
    case "DSQL_COMMIT_OUTCOME_UNKNOWN":
      return { failure: "commit-outcome-unknown" };
    case "DSQL_CONNECTION_LOST":
      return { failure: "connection-lost" };
    case "DSQL_OCC_RETRY_EXHAUSTED":
      return {
        failure: "other",
        occType: (readProperty(error, "occType") as OccType | undefined) ?? "unknown",
      };
  }
  if (readProperty(error, UNAVAILABLE) === true) return { failure: "server-unavailable" };
  const occType =
    ofSqlState(code, readProperty(error, "message")) ??
    ofSqlState(readProperty(error, "originalCode"), readProperty(error, "originalMessage")) ??
    ofPrisma(error, code);
  return occType === undefined ? OTHER : { failure: "conflict", occType };
}

/** The message is read only if the SQLSTATE is 40001: others may quote user input. */
function ofSqlState(code: unknown, text: unknown): OccType | undefined {
  if (code === DATA_CONFLICT) return "data";
  if (code === SCHEMA_CONFLICT) return "schema";
  if (code !== SERIALIZATION_FAILURE) return undefined;
  if (typeof text !== "string") return "unknown";
  if (text.includes(`(${SCHEMA_CONFLICT})`)) return "schema";
  return text.includes(`(${DATA_CONFLICT})`) ? "data" : "unknown";
}

/** Prisma 7 reports a conflict as P2034, or as the cause of a DriverAdapterError (its adapter's error mapping). */
function ofPrisma(error: object, code: unknown): OccType | undefined {
  if (readProperty(error, "kind") === "TransactionWriteConflict") return "unknown";
  return code === "P2034" && readProperty(error, "name") === "PrismaClientKnownRequestError"
    ? "unknown"
    : undefined;
}

/** More errors than any real chain has; ends the walk if a getter returns a new error each time. */
const MAX_ERRORS = 100;

/** A property of any value; undefined if there is none, or if its getter throws. */
export function readProperty(value: unknown, name: PropertyKey): unknown {
  let property: unknown;
  try {
    property = (value as Readonly<Record<PropertyKey, unknown>>)[name];
  } catch {
    // A property that cannot be read counts as missing.
  }
  return property;
}

/** How verdicts compare, and the verdict for what is not an error. */
export interface Ranking<V> {
  ranks: (verdict: V) => number;
  nothing: V;
}

/**
 * The strongest verdict among an error and the errors that it wraps. An AggregateError counts as the weakest of its members,
 * because a retry helps only if it would fix all of them; but a member of rank 5, which no retry may follow, decides alone.
 * Each error is visited once.
 */
export function followErrors<V>(error: unknown, judge: (error: object) => V, ranking: Ranking<V>): V {
  const seen = new WeakSet<object>();
  let left = MAX_ERRORS;
  const visit = (current: unknown): V => {
    if (typeof current !== "object" || current === null) return ranking.nothing;
    if (seen.has(current) || left === 0) return ranking.nothing;
    seen.add(current);
    left--;
    const members = readProperty(current, "errors");
    const verdicts = [judge(current), ...wrapped(current).map(visit)];
    if (Array.isArray(members) && members.length > 0)
      verdicts.push(weakestUnlessDecisive(members.map(visit), ranking));
    return verdicts.reduce((best, next) => (ranking.ranks(next) > ranking.ranks(best) ? next : best));
  };
  return visit(error);
}

function weakestUnlessDecisive<V>(verdicts: V[], { ranks }: Ranking<V>): V {
  const byRank = verdicts.toSorted((a, b) => ranks(a) - ranks(b));
  const strongest = byRank.at(-1) as V;
  return ranks(strongest) >= 5 ? strongest : (byRank[0] as V);
}

/**
 * The properties in which an error keeps another: the language's own, and those of AWS's SDK and Slonik, Sequelize (two),
 * TypeORM, Objection, and MikroORM.
 */
const LINKS = ["cause", "originalError", "original", "parent", "driverError", "nativeError", "previous"];

function wrapped(error: object): unknown[] {
  const driverAdapterError = readProperty(readProperty(error, "meta"), "driverAdapterError");
  return [...LINKS.map((name) => readProperty(error, name)), driverAdapterError];
}
