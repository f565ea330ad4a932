import { type LockingRead, lockingRead } from "../conflicts/locking-read.ts";
import { sandboxText } from "../conflicts/sandbox-names.ts";
import { parseQuery } from "../statements/parse-query.ts";
import type { Statement } from "../statements/statement.ts";
import { emptyQueryResponse } from "../wire/backend-messages.ts";
import { errorResponse } from "../wire/error-fields.ts";
import { parse, query, sync } from "../wire/frontend-messages.ts";
import { UNREADABLE } from "./exchange/answers.ts";
import { CopySource } from "./exchange/copy-source.ts";
import type { Work } from "./exchange/work.ts";
import type { SessionState } from "./transaction/session-state.ts";
import { refusalOf } from "./transaction/statement-judge.ts";
import { isControl, runStatement } from "./transaction/statement-runner.ts";
import type { TransactionControl } from "./transaction/transaction-control.ts";

/** Query messages: each statement in them has its own result, and those that stand outside a transaction share one. */
export class SimpleProtocol {
  readonly #session: SessionState;
  readonly #control: TransactionControl;

  constructor(session: SessionState, control: TransactionControl) {
    this.#session = session;
    this.#control = control;
  }

  /** Runs a query text; the caller says ReadyForQuery. */
  async run(sql: string): Promise<void> {
    const session = this.#session;
    const parsed = parseQuery(sql);
    if (!("statements" in parsed)) {
      // PostgreSQL says what is wrong with it, and is never let run it.
      const request = Buffer.concat([parse("", parsed.text), sync]);
      const { error } = await session.mutex.run(() => session.turn.hold(request));
      if (error) session.client.write(errorResponse(error));
      else await session.fail(UNREADABLE);
      return;
    }
    const { statements } = parsed;
    if (statements.length === 0) session.client.write(emptyQueryResponse);
    let succeeded = true;
    for (const statement of statements) {
      if (statements.length > 1 && !session.transaction && !isControl(statement))
        await this.#session.beginImplicit();
      succeeded = await this.#runOne(statement);
      if (!succeeded) break;
    }
    const problem = await this.#control.endImplicit(succeeded);
    if (problem) session.client.write(errorResponse(problem));
  }

  async #runOne(statement: Statement): Promise<boolean> {
    if (isControl(statement)) return this.#control.run(statement);
    const problem = await refusalOf(this.#session, statement);
    return problem ? this.#session.fail(problem) : runStatement(this.#session, this.#work(statement));
  }

  #work(statement: Statement): Work {
    const locking: LockingRead | undefined = lockingRead(statement);
    const copy = new CopySource(this.#session.client, false);
    return {
      statement,
      locking,
      copy,
      stream: (pace) => this.#session.turn.stream(query(statement.text), copy, pace),
      request: ({ plain }) => ({ bytes: query(plain || !locking ? statement.text : locking.text) }),
      sandboxed: (_form, isCopied) => ({ bytes: query(sandboxText(statement, isCopied)) }),
    };
  }
}
