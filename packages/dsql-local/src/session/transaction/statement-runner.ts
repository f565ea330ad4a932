import type { Statement } from "../../statements/statement.ts";
import { FIRST_TIME, type Work } from "../exchange/work.ts";
import { runAlone } from "./autocommit-runner.ts";
import { injectInStatement } from "./faults.ts";
import type { SessionState } from "./session-state.ts";
import { runInTransaction } from "./transaction-runner.ts";

/** BEGIN, COMMIT and ROLLBACK, which the endpoint carries out itself. */
export const isControl = ({ kind, refusal }: Statement): boolean =>
  !refusal && (kind === "begin" || kind === "commit" || kind === "rollback");

/** Runs a statement that is no transaction control; answers whether it succeeded. */
export async function runStatement(session: SessionState, work: Work): Promise<boolean> {
  const fault = injectInStatement(session, () => work.request(FIRST_TIME).bytes);
  if (fault) return session.fail(fault);
  session.onStatement(work.statement);
  if (!session.transaction && needsTransaction(session, work.statement)) await session.beginImplicit();
  const { transaction } = session;
  return transaction ? runInTransaction(session, work, transaction) : runAlone(session, work);
}

/** Outside a transaction: rows that come at the client's pace, and marks that must outlive the statement. */
function needsTransaction({ adjudicator }: SessionState, { kind, tree }: Statement): boolean {
  if (kind === "locking-read") return adjudicator.hasOpenTransactions;
  return kind === "write" && "CopyStmt" in ((tree ?? {}) as object);
}
