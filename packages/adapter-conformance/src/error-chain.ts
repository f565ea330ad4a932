/** Every error that can be reached from this one, itself first: `cause`, and the properties in which ORMs keep the original. */
export function* errorChain(error: unknown): Generator<Record<string, unknown>> {
  const seen = new Set<unknown>();
  const waiting = [error];
  while (waiting.length > 0) {
    const next = waiting.shift();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    const record = next as Record<string, unknown>;
    yield record;
    const meta = record.meta as Record<string, unknown> | undefined;
    waiting.push(record.cause, record.originalError, meta?.driverAdapterError);
  }
}

/** The SQLSTATE or the `DSQL_…` code that an error carries somewhere along its causes. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (const link of errorChain(error)) {
    for (const code of [link.code, link.originalCode]) if (typeof code === "string") codes.push(code);
  }
  return codes;
}

/** The messages of an error and of all its causes, in one text. */
export function messagesOf(error: unknown): string {
  return [...errorChain(error)]
    .map((link) => `${link.message ?? ""} ${link.originalMessage ?? ""}`)
    .join("\n");
}

/** Waits for a promise to reject and returns the error. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It resolved, but an error was expected.");
}
