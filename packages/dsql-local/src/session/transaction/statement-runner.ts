import type { Statement } from "../../statements/statement.ts";
import { FIRST_TIME, type Work } from "../exchange/work.ts";
import { runAlone } from "./autocommit-runner.ts";
import { injectInStatement } from "./faults.ts";
import type { SessionState } from "./session-state.ts";
import { deliverResult, runInTransaction } from "./transaction-runner.ts";

/** BEGIN, COMMIT and ROLLBACK, which the endpoint carries out itself. */
export const isControl = ({ kind, refusal }: Statement): boolean =>
  !refusal && (kind === "begin" || kind === "commit" || kind === "rollback");

/** Runs a statement other than transaction control; returns whether it succeeded. */
export async function runStatement(session: SessionState, work: Work): Promise<boolean> {
  const fault = injectInStatement(session, () => work.request(FIRST_TIME).bytes);
  if (fault) return session.fail(fault);
  session.onStatement(work.statement);
  const { transaction } = session;
  if (!transaction) return runAlone(session, work);
  return deliverResult(session, await runInTransaction(session, work, transaction));
}
