import { type Marks, marksConflict, marksMeet } from "./marks.ts";
import type { Snapshot } from "./snapshot.ts";

/** A logged COMMIT in progress; exactly one of the two functions must be called. */
export interface PendingCommit {
  committed(): void;
  failed(): void;
}

/** What a transaction has touched; the marks are computed when they are first read. */
interface Touched {
  readonly marks: Marks;
}

interface Commit {
  transactionId: number;
  touched: Touched;
  /** Resolves when the COMMIT has ended; absent once it has succeeded. */
  pending?: Promise<void> | undefined;
}

/**
 * The commits that a transaction that is still open may have to be compared with.
 *
 * A commit is logged before COMMIT is sent, so that a session that sees its effect in PostgreSQL finds it here.
 */
export class CommitLog {
  #commits: Commit[] = [];

  get size(): number {
    return this.#commits.length;
  }

  /** Logs a COMMIT that is about to be sent. */
  begin(transactionId: number, touched: Touched): PendingCommit {
    let settle: () => void = () => undefined;
    const pending = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const commit: Commit = { transactionId, touched, pending };
    this.#commits.push(commit);
    return {
      committed: () => {
        commit.pending = undefined;
        settle();
      },
      failed: () => {
        this.#commits = this.#commits.filter((other) => other !== commit);
        settle();
      },
    };
  }

  /** Whether a commit that the snapshot does not see conflicts with these marks. */
  conflicts(own: Touched, snapshot: Snapshot): boolean {
    return this.#commits.some(
      (commit) =>
        !commit.pending &&
        !snapshot.sees(commit.transactionId) &&
        marksConflict(own.marks, commit.touched.marks),
    );
  }

  /** Resolves at the end of a COMMIT in progress that conflicts if it succeeds; undefined if there is none. */
  pendingConflict(own: Touched, snapshot: Snapshot): Promise<void> | undefined {
    return this.#commits.find(
      (commit) =>
        commit.pending &&
        !snapshot.sees(commit.transactionId) &&
        marksConflict(own.marks, commit.touched.marks),
    )?.pending;
  }

  /** Whether a commit that the snapshot does not see may have changed the result of a statement with these marks. */
  meets(own: Touched, snapshot: Snapshot): boolean {
    return this.#commits.some(
      (commit) =>
        !commit.pending && !snapshot.sees(commit.transactionId) && marksMeet(own.marks, commit.touched.marks),
    );
  }

  /** Resolves at the end of a COMMIT in progress that may change that result; undefined if there is none. */
  pendingMeeting(own: Touched, snapshot: Snapshot): Promise<void> | undefined {
    return this.#commits.find(
      (commit) =>
        commit.pending && !snapshot.sees(commit.transactionId) && marksMeet(own.marks, commit.touched.marks),
    )?.pending;
  }

  /** Whether there is a commit, ended or in progress, that the snapshot does not see. */
  hasUnseen(snapshot: Snapshot): boolean {
    return this.#commits.some((commit) => !snapshot.sees(commit.transactionId));
  }

  /** Removes the commits that every open transaction sees. */
  prune(open: Iterable<Snapshot>): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const snapshot of open) oldest = Math.min(oldest, snapshot.oldest);
    if (this.#commits.length > 0) {
      this.#commits = this.#commits.filter((commit) => commit.pending || commit.transactionId >= oldest);
    }
    // The remaining commits keep only their marks, so that their rows can be freed.
    for (const commit of this.#commits) {
      if (!commit.pending) commit.touched = { marks: commit.touched.marks };
    }
  }
}
