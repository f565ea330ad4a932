import { isAscii } from "node:buffer";
import { type LockingRead, lockingRead } from "../conflicts/locking-read.ts";
import { sandboxText } from "../conflicts/sandbox-names.ts";
import { readSql } from "../statements/read-sql.ts";
import type { Statement } from "../statements/statement.ts";
import { emptyQueryResponse } from "../wire/backend-messages.ts";
import { terminated } from "../wire/client-encoding.ts";
import { errorResponse } from "../wire/error-fields.ts";
import { sync } from "../wire/frontend-messages.ts";
import { Frontend } from "../wire/message-types.ts";
import { int16, message } from "../wire/message-writer.ts";
import { CopySource } from "./exchange/copy-source.ts";
import { type Problem, UNREADABLE } from "./exchange/problems.ts";
import type { Work } from "./exchange/work.ts";
import type { SessionState } from "./transaction/session-state.ts";
import { refusalOf } from "./transaction/statement-judge.ts";
import { isControl, runStatement } from "./transaction/statement-runner.ts";
import type { TransactionControl } from "./transaction/transaction-control.ts";

const ZERO = Buffer.from([0]);

/** A query string is decoded once, in the encoding that is set when it arrives. */
const OTHER_ENCODING: Problem = {
  sqlstate: "0A000",
  message: "client_encoding cannot change before a non-ASCII statement of the same query",
};

/** Query messages: each statement in them has its own result, and those outside a transaction share an implicit one. */
export class SimpleProtocol {
  readonly #session: SessionState;
  readonly #control: TransactionControl;

  constructor(session: SessionState, control: TransactionControl) {
    this.#session = session;
    this.#control = control;
  }

  /** Runs a query string, given as the bytes that arrived; the caller sends ReadyForQuery. */
  async run(bytes: Buffer): Promise<void> {
    const session = this.#session;
    const { encoding } = session.turn;
    const parsed = readSql(bytes, encoding);
    if (parsed === undefined || !("statements" in parsed)) return this.#refuse(parsed?.text ?? bytes);
    const { statements } = parsed;
    if (statements.length === 0) session.client.write(emptyQueryResponse);
    let succeeded = true;
    for (const statement of statements) {
      if (statements.length > 1 && !session.transaction && !isControl(statement)) session.beginImplicit();
      const isReadable = session.turn.encoding === encoding || isAscii(Buffer.from(statement.text));
      succeeded = isReadable ? await this.#runOne(statement) : await session.fail(OTHER_ENCODING);
      if (!succeeded) break;
    }
    const problem = await this.#control.endImplicit(succeeded);
    if (problem) session.client.write(errorResponse(problem));
  }

  /** Has PostgreSQL report what is wrong with SQL that the endpoint cannot read, without ever running it. */
  async #refuse(text: string | Buffer): Promise<void> {
    const { mutex, turn, client } = this.#session;
    const sql = typeof text === "string" ? terminated(text, turn.encoding) : Buffer.concat([text, ZERO]);
    const request = { bytes: Buffer.concat([message(Frontend.Parse, "", sql, int16(0)), sync]) };
    const { errorMessage } = await mutex.run(() => turn.hold(request));
    if (errorMessage) client.write(errorMessage.bytes);
    else await this.#session.fail(UNREADABLE);
  }

  async #runOne(statement: Statement): Promise<boolean> {
    if (isControl(statement)) return this.#control.run(statement);
    const problem = await refusalOf(this.#session, statement);
    return problem ? this.#session.fail(problem) : runStatement(this.#session, this.#work(statement));
  }

  #work(statement: Statement): Work {
    const locking: LockingRead | undefined = lockingRead(statement);
    const { turn } = this.#session;
    const copy = new CopySource(this.#session.client, false);
    return {
      statement,
      locking,
      copy,
      stream: (pace) => turn.stream({ bytes: turn.queryMessage(statement.text) }, { copy, pace }),
      request: ({ plain }) => ({
        bytes: turn.queryMessage(plain || !locking ? statement.text : locking.text),
      }),
      sandboxed: (_form, isCopied) => ({ bytes: turn.queryMessage(sandboxText(statement, isCopied)) }),
    };
  }
}
