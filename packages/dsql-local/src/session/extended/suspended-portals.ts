import { commandComplete } from "../../wire/backend-messages.ts";
import { describe, execute, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend } from "../../wire/message-types.ts";
import { message } from "../../wire/message-writer.ts";
import type { SessionState } from "../transaction/session-state.ts";
import type { Transaction } from "../transaction/transaction.ts";
import type { Portal, RemainingRows } from "./prepared-statements.ts";

const portalSuspended = message(Backend.PortalSuspended);

/**
 * Portals that were executed with a row limit. When another session needs a transaction's locks, its work is undone in
 * PostgreSQL with ROLLBACK TO SAVEPOINT, which destroys portals. So their remaining rows are fetched before that, stored in
 * `portal.rest`, and served from there.
 */
export class SuspendedPortals {
  readonly #session: SessionState;
  /** Portals that may have rows left in PostgreSQL, with the transactions that they belong to. */
  readonly #open = new Map<Portal, Transaction>();

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** To be called when a portal has been executed. With a row limit (`maxRows`; 0 means none) it may have rows left. */
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

  /** Whether the portal's remaining rows are stored here, and no longer in PostgreSQL; a portal ends with its transaction. */
  has(portal: Portal): boolean {
    return portal.rest !== undefined && portal.rest.transaction === this.#session.transaction;
  }

  /** The response to Describe. */
  description({ rest }: Portal): Buffer {
    return (rest as RemainingRows).description.bytes;
  }

  /** Executes a portal whose rows were fetched before. */
  serve(portal: Portal, maxRows: number): void {
    const { client } = this.#session;
    const { rows, tag } = portal.rest as RemainingRows;
    const given = rows.splice(0, maxRows === 0 ? rows.length : maxRows);
    for (const { bytes } of given) client.write(bytes);
    // Like PostgreSQL, which does not check whether there are more rows once it has sent as many as the limit.
    if (maxRows > 0 && given.length === maxRows) client.write(portalSuspended);
    // The number in the tag ("SELECT 5") counts the rows of this Execute.
    else client.write(commandComplete(tag.replace(/\d+$/, String(given.length))));
  }

  async #fetchAll(transaction: Transaction): Promise<void> {
    const { turn } = this.#session;
    for (const [portal, owner] of this.#open) {
      if (owner !== transaction) continue;
      const request = [describe("portal", portal.name), execute(portal.name), sync];
      const { error, held, tag = "" } = await turn.hold({ bytes: Buffer.concat(request) });
      const rows = held.filter(({ type }) => type === Backend.DataRow);
      if (!error) portal.rest = { transaction, description: held[0] as WireMessage, rows, tag };
    }
    this.#open.clear();
  }
}
