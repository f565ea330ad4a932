import type { Statement } from "../../statements/statement.ts";
import { commandComplete } from "../../wire/backend-messages.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import { query } from "../../wire/frontend-messages.ts";
import type { Problem } from "../exchange/answers.ts";
import { deliver } from "../exchange/deliver.ts";
import { commitTransaction } from "./commit.ts";
import { injectBeforeBegin } from "./faults.ts";
import type { SessionState } from "./session-state.ts";

/** BEGIN, COMMIT and ROLLBACK; each answers whether it succeeded. */
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
      // The queries of one batch had a transaction already, which now becomes the client's own.
      transaction.explicit = true;
      client.write(commandComplete("BEGIN"));
      return true;
    }
    const answer = await this.#ask(statement);
    if (!answer.error && !transaction) session.open(true);
    return deliver(client, answer, { addedColumns: 0 });
  }

  async #commit(statement: Statement): Promise<boolean> {
    const session = this.#session;
    const { transaction, client } = session;
    if (!transaction) return deliver(client, await this.#ask(statement), { addedColumns: 0 });
    const problem = await this.commitOpen();
    if (typeof problem === "string") {
      client.write(commandComplete(problem));
      return true;
    }
    client.write(errorResponse(problem));
    return false;
  }

  /** At the end of a batch: commits what `SessionState.beginImplicit` has opened, or rolls it back; answers why it could not. */
  async endImplicit(succeeded: boolean): Promise<Problem | undefined> {
    const { transaction } = this.#session;
    if (!transaction || transaction.explicit) return undefined;
    if (succeeded) {
      const outcome = await this.commitOpen();
      return typeof outcome === "string" ? undefined : outcome;
    }
    await this.rollBackOpen();
    return undefined;
  }

  /** Ends the open transaction as COMMIT does: answers its tag, or why it could not be committed. */
  async commitOpen(): Promise<"COMMIT" | "ROLLBACK" | Problem> {
    const session = this.#session;
    try {
      return await commitTransaction(session);
    } finally {
      session.close();
    }
  }

  /** Ends the open transaction and tells nobody. */
  async rollBackOpen(): Promise<void> {
    const session = this.#session;
    try {
      await session.gate.run(() => session.turn.query("ROLLBACK"));
    } finally {
      session.close();
    }
  }

  async #rollback(statement: Statement): Promise<boolean> {
    const session = this.#session;
    const answer = await this.#ask(statement);
    if (!answer.error) session.close();
    return deliver(session.client, answer, { addedColumns: 0 });
  }

  #ask(statement: Statement): ReturnType<SessionState["turn"]["hold"]> {
    const { gate, turn } = this.#session;
    return gate.run(() => turn.hold(query(statement.text)));
  }
}
