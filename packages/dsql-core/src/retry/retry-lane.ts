import type { RetrySettings } from "../options/retry-settings.ts";
import { classifyError, failureOf } from "./classify-error.ts";
import { type ContestedRows, contestedRowsOf } from "./contested-rows.ts";
import { onAbort } from "./on-abort.ts";

/** A factor: more retries may run at once than were seen to commit side by side, to find out whether more of them can. */
const PROBE = 1.5;

/** By how much each retry that commits widens its lane. */
const GROWTH = 0.1;

/** Milliseconds in which a running retry is expected to end; after that the next one starts beside it. */
const STUCK_MS = 5_000;

/** The right to run one retry; it has to be released. */
export type Slot = object;

interface WaitingRetry {
  ticket: number;
  admit: (slot: Slot) => void;
}

/**
 * Lets as many retries run at once as can commit side by side, in the order in which they first lost. The conflicts show how
 * many that is: each transaction that lost counts how many others of its lane committed while it ran.
 */
export class RetryLane {
  readonly #stuckMs: number;
  #width = 1;
  #commits = 0;
  /** The slots in use, the oldest first. */
  readonly #slots = new Set<Slot>();
  readonly #waiting: WaitingRetry[] = [];
  #watch: NodeJS.Timeout | undefined;

  constructor(stuckMs: number = STUCK_MS) {
    this.#stuckMs = stuckMs;
  }

  /** How often work of this lane has committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Whether retries are running; others may be waiting for them. */
  get isBusy(): boolean {
    return this.#slots.size > 0;
  }

  /** How many retries may run at once, rounded down. */
  get width(): number {
    return this.#width;
  }

  committed(wasRetry: boolean): void {
    this.#commits++;
    if (wasRetry) this.#widen(this.#width + GROWTH);
  }

  /** Records that an attempt lost which had begun when {@link commits} was `commitsBefore`. */
  lost(commitsBefore: number, wasRetry: boolean): void {
    const sideBySide = PROBE * Math.max(1, this.#commits - commitsBefore);
    // Of transactions that lose their first attempt together, each sees only a part of the commits; the last one sees the most.
    this.#widen(wasRetry ? sideBySide : Math.max(this.#width, sideBySide));
  }

  /** Resolves with a slot when a retry may run, or rejects with the signal's reason. */
  enter(ticket: number, signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const stopListening = onAbort(signal, (reason) => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        this.#admit();
        reject(reason);
      });
      const waiter: WaitingRetry = {
        ticket,
        admit: (slot) => {
          stopListening();
          resolve(slot);
        },
      };
      const next = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(next < 0 ? this.#waiting.length : next, 0, waiter);
      this.#admit();
    });
  }

  /** Releases a slot. */
  release(slot: Slot): void {
    if (!this.#slots.delete(slot)) return;
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#admit();
  }

  /**
   * Records that a transaction which wrote the rows of this lane has committed: the attempts that are running have read
   * outdated rows and will lose, so the next one need not wait for them.
   */
  overtaken(): void {
    this.#commits++;
    for (const slot of [...this.#slots]) this.release(slot);
  }

  #widen(width: number): void {
    this.#width = width;
    this.#admit();
  }

  #admit(): void {
    while (this.#slots.size < Math.floor(this.#width)) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const slot: Slot = {};
      this.#slots.add(slot);
      next.admit(slot);
    }
    if (this.#waiting.length > 0) {
      this.#watch ??= setTimeout(() => this.#releaseTheOldest(), this.#stuckMs);
    } else {
      clearTimeout(this.#watch);
      this.#watch = undefined;
    }
  }

  /**
   * No slot was released for `stuckMs`: the oldest holder is stuck, or it waits for work that is itself waiting here, such
   * as another transaction that it started inside its own. So its slot is released for the next in the queue.
   */
  #releaseTheOldest(): void {
    const [oldest] = this.#slots;
    this.release(oldest as Slot);
  }
}

/** Transactions that lost earlier go first in every lane, so that two that wait in several lanes cannot deadlock. */
let tickets = 0;

/** A lane and its name, kept while any work belongs to it. */
interface NamedLane {
  name: string;
  lane: RetryLane;
  members: number;
}

/**
 * This process's lanes, for the rows that work lost over and for the keys that callers set; each name includes the cluster.
 */
const rowLanes = new Map<string, NamedLane>();
const keyLanes = new Map<string, NamedLane>();

function laneName(cluster: string, name: string): string {
  return JSON.stringify([cluster, name]);
}

function join(lanes: Map<string, NamedLane>, name: string): NamedLane {
  const entry = lanes.get(name) ?? { name, lane: new RetryLane(), members: 0 };
  entry.members++;
  lanes.set(name, entry);
  return entry;
}

function leave(lanes: Map<string, NamedLane>, entry: NamedLane): void {
  if (--entry.members === 0) lanes.delete(entry.name);
}

/**
 * Records that a transaction which wrote these rows has committed, for the transactions that take turns over them; `rows` is
 * called only if there are any. Pools and clients of this package call this themselves.
 */
export function noteCommittedRows(cluster: string, rows: () => readonly string[]): void {
  if (rowLanes.size === 0) return;
  for (const row of rows()) rowLanes.get(laneName(cluster, row))?.lane.overtaken();
}

/** How one attempt ended. */
export type TurnOutcome<T> =
  | { result: T }
  /** `retryAtOnce`: the rival has committed in this process, so there is no need to wait. */
  | { error: unknown; retryAtOnce: boolean }
  /** The turn did not come in time. */
  | { timedOut: true };

/** How long to wait for a turn. */
export interface TurnLimits {
  patienceMs: number;
  signal: AbortSignal | undefined;
}

/**
 * The turns of one piece of work, from its first attempt to its last. Before its first conflict it does not wait, unless the
 * lane of its `conflictKey` is busy. After that it waits in the lane of its `conflictKey`, or in those of the rows that it
 * lost over, preferring rows that others in this process lost over too.
 */
export class Turns {
  readonly #registry: Map<string, NamedLane>;
  #lanes: readonly NamedLane[] = [];
  #ticket: number | undefined;

  constructor({ cluster = "", conflictKey }: Pick<RetrySettings, "cluster" | "conflictKey">) {
    if (conflictKey === undefined) {
      this.#registry = rowLanes;
    } else {
      this.#registry = keyLanes;
      const entry = join(keyLanes, laneName(cluster, conflictKey));
      this.#lanes = [entry];
      if (entry.lane.isBusy) this.#ticket = ++tickets;
    }
  }

  /**
   * Runs one attempt when it is its turn. The attempt calls `begun` when its transaction begins, so that earlier commits are
   * not counted as its rivals.
   * @throws the signal's reason when it aborts the wait
   */
  async take<T>(attempt: (begun: () => void) => Promise<T>, limits: TurnLimits): Promise<TurnOutcome<T>> {
    const held = await this.#enter(limits);
    if (held === undefined) return { timedOut: true };
    const wasInTurn = held.length > 0;
    let before = this.#seen();
    try {
      const result = await attempt(() => {
        before = this.#seen();
      });
      // A row's lane gets its commits from the connections, including those of transactions that never lost.
      if (this.#isKeyed) for (const { lane } of this.#lanes) lane.committed(wasInTurn);
      return { result };
    } catch (error) {
      const lostFight = failureOf(error) === "conflict" && classifyError(error) !== "schema";
      return { error, retryAtOnce: lostFight && this.#lose(error, { wasInTurn, before }) };
    } finally {
      for (const { lane, slot } of held) lane.release(slot);
    }
  }

  /** Leaves the lanes. */
  end(): void {
    for (const entry of this.#lanes) leave(this.#registry, entry);
    this.#lanes = [];
  }

  get #isKeyed(): boolean {
    return this.#registry === keyLanes;
  }

  /** Its lanes, and how often work of each has committed by now. */
  #seen(): SeenLane[] {
    return this.#lanes.map(({ lane }) => ({ lane, commits: lane.commits }));
  }

  /**
   * Waits for a slot in each lane. Returns an empty list if there is no need to wait yet, and undefined when the time is up.
   */
  async #enter({ patienceMs, signal }: TurnLimits): Promise<HeldSlot[] | undefined> {
    const held: HeldSlot[] = [];
    const ticket = this.#ticket;
    if (ticket === undefined) return held;
    signal?.throwIfAborted();
    // Not AbortSignal.any: on Node 20 a long-lived signal keeps every signal derived from it in memory.
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(patience), patienceMs);
    const stopListening = onAbort(signal, (reason) => patience.abort(reason));
    try {
      for (const { lane } of this.#lanes)
        held.push({ lane, slot: await lane.enter(ticket, patience.signal) });
      signal?.throwIfAborted();
      return held;
    } catch (reason) {
      for (const { lane, slot } of held) lane.release(slot);
      if (reason === patience) return undefined;
      throw reason;
    } finally {
      clearTimeout(timer);
      stopListening();
    }
  }

  /**
   * Joins the lanes of this conflict, and returns whether to retry at once, because the rival is known and has committed.
   */
  #lose(error: unknown, { wasInTurn, before }: { wasInTurn: boolean; before: readonly SeenLane[] }): boolean {
    this.#ticket ??= ++tickets;
    const rivalWasHere = before.some(({ lane, commits }) => lane.commits > commits);
    if (this.#isKeyed) {
      for (const { lane, commits } of before) lane.lost(commits, wasInTurn);
      return !wasInTurn || rivalWasHere;
    }
    const isContested = this.#moveTo(contestedRowsOf(error));
    return isContested && (!wasInTurn || rivalWasHere);
  }

  /** Moves to the lanes of these rows, only those that others lost over too if there are any; returns whether there are. */
  #moveTo(contested: ContestedRows | undefined): boolean {
    const { cluster, rows } = contested ?? { cluster: "", rows: [] };
    const joined = rows.map((row) => join(rowLanes, laneName(cluster, row)));
    this.end();
    const shared = joined.filter(({ members }) => members > 1);
    this.#lanes = shared.length > 0 ? shared : joined;
    for (const entry of joined) if (!this.#lanes.includes(entry)) leave(rowLanes, entry);
    return shared.length > 0;
  }
}

interface HeldSlot {
  lane: RetryLane;
  slot: Slot;
}

/** A lane, and how often its work had committed when an attempt began. */
interface SeenLane {
  lane: RetryLane;
  commits: number;
}
