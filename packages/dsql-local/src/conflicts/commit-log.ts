import { type Marks, marksConflict, marksMeet } from "./marks.ts";
import type { Snapshot } from "./snapshot.ts";

interface Commit {
  transactionId: number;
  marks: Marks;
}

/** What has been committed while a transaction was open that may still be compared with it. */
export class CommitLog {
  #commits: Commit[] = [];

  get size(): number {
    return this.#commits.length;
  }

  append(transactionId: number, marks: Marks): void {
    this.#commits.push({ transactionId, marks });
  }

  /** Whether a commit that the snapshot does not see has touched the same in a way that conflicts. */
  conflicts(marks: Marks, snapshot: Snapshot): boolean {
    return this.#commits.some(
      (commit) => !snapshot.sees(commit.transactionId) && marksConflict(marks, commit.marks),
    );
  }

  /** Whether such a commit may have changed what a statement with these marks has found. */
  meets(marks: Marks, snapshot: Snapshot): boolean {
    return this.#commits.some(
      (commit) => !snapshot.sees(commit.transactionId) && marksMeet(marks, commit.marks),
    );
  }

  /** Whether anything was committed that the snapshot does not see. */
  hasUnseen(snapshot: Snapshot): boolean {
    return this.#commits.some((commit) => !snapshot.sees(commit.transactionId));
  }

  /** Forgets what every open transaction sees. */
  prune(open: Iterable<Snapshot>): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const snapshot of open) oldest = Math.min(oldest, snapshot.oldest);
    if (oldest === Number.POSITIVE_INFINITY) this.#commits = [];
    else if (this.#commits.length > 0) {
      this.#commits = this.#commits.filter((commit) => commit.transactionId >= oldest);
    }
  }
}
