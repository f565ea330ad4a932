import type { Statement } from "../sql/statement.ts";
import { Frontend } from "../wire/message-types.ts";
import { CopySource } from "./copy-source.ts";
import { sandboxedUnit, type Unit, unitRequest } from "./portal-requests.ts";
import type { Portal } from "./prepared-statements.ts";
import type { SessionState } from "./session-state.ts";
import type { Work } from "./work.ts";

/** The execution of a portal as work for the session. */
export function portalWork(
  { client, transaction }: SessionState,
  { messages, portal, prepared }: Omit<Unit, "rebind"> & { portal: Portal },
  statement: Statement,
): Work {
  const binds = messages.some(({ type }) => type === Frontend.Bind);
  const unit: Unit = {
    messages,
    portal,
    prepared,
    get rebind(): boolean {
      return !binds && transaction !== undefined && portal.boundAt !== transaction.timesUndone;
    },
  };
  return {
    statement,
    locking: portal.prepared?.locking,
    copy: new CopySource(client, true),
    request: (form) => unitRequest(unit, form),
    sandboxed: (form, isCopied) => sandboxedUnit(unit, form, isCopied),
  };
}
