import { type RetryOptions, retryOnOcc } from "dsql-core";
import { asRequestError } from "../adapter/request-errors.ts";

/** What Prisma passes to a query extension for one operation. */
interface Operation {
  args: unknown;
  query: (args: never) => Promise<unknown>;
}

/** The transaction that an operation belongs to. Prisma passes it to every extension, although its types do not show it. */
interface InternalParams {
  __internalParams?: { transaction?: unknown };
}

/**
 * Runs one operation, and retries it when it met a conflict outside any transaction of the caller. Inside one,
 * interactive or batch, only the whole transaction can be retried.
 */
export async function retryOperation(operation: Operation, options: RetryOptions): Promise<unknown> {
  const run = () => operation.query(operation.args as never);
  if (!standsAlone(operation)) return await run();
  try {
    return await retryOnOcc(run, options);
  } catch (error) {
    throw asRequestError(error);
  }
}

function standsAlone(operation: Operation & InternalParams): boolean {
  const params = operation.__internalParams;
  return params !== undefined && params.transaction === undefined;
}
