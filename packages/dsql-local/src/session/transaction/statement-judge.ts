import { ddlWithDml, secondDdl } from "../../rules/ddl-placement.ts";
import type { Refusal } from "../../rules/refusal.ts";
import type { Statement } from "../../statements/statement.ts";
import { ABORTED, type Problem, SCHEMA_CONFLICT, tooOld } from "../exchange/problems.ts";
import type { SessionState } from "./session-state.ts";
import type { Transaction } from "./transaction.ts";

/** Checks a statement before it is run; returns the error with which it is refused. */
export async function refusalOf(session: SessionState, statement: Statement): Promise<Problem | undefined> {
  const problem = withoutCatalog(session, statement);
  if (problem || !statement.catalogChecks) return problem;
  for (const check of statement.catalogChecks) {
    const refusal = await check({ query: (sql) => askCatalog(session, sql) });
    if (refusal) return session.cluster.refuse(refusal, statement.source);
  }
  return undefined;
}

function withoutCatalog(session: SessionState, statement: Statement): Problem | undefined {
  const { transaction, status, cluster } = session;
  if (status === "E") return ABORTED;
  const byTransaction = transaction?.explicit
    ? statement.refusalInTransaction
    : statement.refusalOutsideTransaction;
  const refusal = statement.refusal ?? byTransaction;
  if (refusal) return cluster.refuse(refusal, statement.source);
  if (statement.tables.length > 0 && session.meetsSchemaChange()) return SCHEMA_CONFLICT;
  if (!transaction) return undefined;
  const late = ageProblem(transaction, cluster.limits.maxTransactionAgeMs);
  if (late) return late;
  if (transaction.phase === "lost") return transaction.loss;
  const misplaced = misplacedDdl(statement.kind, transaction);
  return misplaced && cluster.refuse(misplaced, statement.source);
}

/** The error for a transaction that has exceeded its maximum age, and can only be rolled back. */
export function ageProblem({ startedAt }: Transaction, limitMs: number): Problem | undefined {
  const ageMs = performance.now() - startedAt;
  return ageMs > limitMs ? tooOld(ageMs, limitMs) : undefined;
}

function misplacedDdl(kind: Statement["kind"], { ddl, hasWritten }: Transaction): Refusal | undefined {
  if (kind === "ddl" && ddl !== undefined) return secondDdl;
  const mixes = kind === "ddl" ? hasWritten : kind === "write" && ddl !== undefined;
  return mixes ? ddlWithDml : undefined;
}

function askCatalog({ mutex, turn, transaction }: SessionState, sql: string): Promise<(string | null)[][]> {
  return mutex.run(async () => {
    await transaction?.enter();
    return (await turn.query(sql)).rows;
  });
}
