import type { Statement } from "../../statements/statement.ts";
import { commandComplete } from "../../wire/backend-messages.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import { deliver } from "../exchange/deliver.ts";
import type { Problem } from "../exchange/problems.ts";
import { commitOpen, rollBackOpen } from "./commit.ts";
import { injectAfterBegin, injectAfterRollback, injectBeforeBegin } from "./faults.ts";
import type { SessionState } from "./session-state.ts";

/** BEGIN, COMMIT and ROLLBACK; each returns whether it succeeded. */
export class TransactionControl {
  readonly #session: SessionState;

  constructor(session: SessionState) {
    this.#session = session;
  }

  run(statement: Statement): Promise<boolean> {
    switch (statement.kind) {
      case "begin":
        return this.#begin(statement);
      case "commit":
        return this.#commit(statement);
      default:
        return this.#rollback(statement);
    }
  }

  async #begin(statement: Statement): Promise<boolean> {
    const session = this.#session;
    const { transaction, client } = session;
    injectBeforeBegin(session);
    if (transaction && !transaction.explicit) {
      // The statements of the batch share an implicit transaction, which now becomes explicit.
      transaction.explicit = true;
      await injectAfterBegin(session);
      client.write(commandComplete("BEGIN"));
      return true;
    }
    if (transaction) return deliver(client, await this.#ask(statement), { addedColumns: 0 });
    session.begin(statement.text, true);
    await injectAfterBegin(session);
    const isStart = statement.kind === "begin" && /^start/i.test(statement.text);
    client.write(commandComplete(isStart ? "START TRANSACTION" : "BEGIN"));
    return true;
  }

  async #commit(statement: Statement): Promise<boolean> {
    const session = this.#session;
    const { transaction, client } = session;
    if (!transaction) return deliver(client, await this.#ask(statement), { addedColumns: 0 });
    const problem = await commitOpen(this.#session);
    if (typeof problem === "string") {
      client.write(commandComplete(problem));
      return true;
    }
    client.write(errorResponse(problem));
    return false;
  }

  /** At the end of a batch: commits or rolls back what `SessionState.beginImplicit` has opened; returns why it could not be committed. */
  async endImplicit(succeeded: boolean): Promise<Problem | undefined> {
    const { transaction } = this.#session;
    if (!transaction || transaction.explicit) return undefined;
    if (succeeded) {
      const outcome = await commitOpen(this.#session);
      return typeof outcome === "string" ? undefined : outcome;
    }
    await rollBackOpen(this.#session);
    return undefined;
  }

  async #rollback(statement: Statement): Promise<boolean> {
    const session = this.#session;
    const response = await this.#ask(statement);
    if (!response.error) session.close();
    await injectAfterRollback(session);
    return deliver(session.client, response, { addedColumns: 0 });
  }

  #ask(statement: Statement): ReturnType<SessionState["turn"]["hold"]> {
    const { mutex, turn } = this.#session;
    return mutex.run(() => turn.hold({ bytes: turn.queryMessage(statement.text) }));
  }
}
