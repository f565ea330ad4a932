import { execute, sync } from "../wire/frontend-messages.ts";
import type { WireMessage } from "../wire/message-reader.ts";
import { Backend } from "../wire/message-types.ts";
import { message } from "../wire/message-writer.ts";
import type { Portal } from "./prepared-statements.ts";
import type { SessionState } from "./session-state.ts";
import type { Transaction } from "./transaction.ts";

const portalSuspended = message(Backend.PortalSuspended);

/**
 * Portals that were executed with a row limit. When the transaction's work is undone in PostgreSQL they would be lost:
 * the rows they still have are fetched before, and given out from here.
 */
export class SuspendedPortals {
  readonly #session: SessionState;
  readonly #open = new Map<Portal, Transaction>();

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** A portal was executed; with a row limit it may have rows left. */
  executed(portal: Portal, maxRows: number): void {
    const { transaction } = this.#session;
    this.#open.delete(portal);
    if (maxRows === 0 || !transaction) return;
    this.#open.set(portal, transaction);
    transaction.beforeUndone = () => this.#fetchAll(transaction);
  }

  closed(portal: Portal): void {
    this.#open.delete(portal);
  }

  /** Gives out rows that were fetched before. */
  serve(portal: Portal, maxRows: number): void {
    const { client } = this.#session;
    const rest = portal.rest as WireMessage[];
    for (let rows = 0; rest.length > 0; rows++) {
      if (maxRows > 0 && rows === maxRows && rest.length > 1) {
        client.write(portalSuspended);
        return;
      }
      client.write((rest.shift() as WireMessage).bytes);
    }
  }

  async #fetchAll(transaction: Transaction): Promise<void> {
    const { turn } = this.#session;
    for (const [portal, owner] of this.#open) {
      if (owner !== transaction) continue;
      const answer = await turn.hold(Buffer.concat([execute(portal.name), sync]));
      if (!answer.error) portal.rest = answer.held;
    }
    this.#open.clear();
  }
}
