import { type DsqlPoolClient, TransactionEndedError } from "dsql-core";

/**
 * The connection of one transaction, as its `tx` reaches it. It is closed before COMMIT or ROLLBACK is sent: what the
 * work has left running would be stored by itself behind that, or reach into the next transaction on the connection.
 */
export class TransactionConnection {
  readonly #client: DsqlPoolClient;
  #isClosed = false;

  constructor(client: DsqlPoolClient) {
    this.#client = client;
  }

  /** The one method that drizzle-orm's session calls. */
  async query(query: object, values: unknown[]): Promise<unknown> {
    if (this.#isClosed) throw new TransactionEndedError();
    return await this.#client.query(query as { text: string }, values);
  }

  close(): void {
    this.#isClosed = true;
  }
}
