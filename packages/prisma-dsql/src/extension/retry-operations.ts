import { type RetryOptions, retryOnOcc } from "dsql-core";
import { asRequestError } from "../adapter/request-errors.ts";

/** What Prisma hands to a query extension for one operation. */
interface Operation {
  model?: string | undefined;
  operation: string;
  args: unknown;
  query: (args: never) => Promise<unknown>;
}

/** The transaction that an operation belongs to. Prisma hands it to every extension, though its types do not say so. */
interface InternalParams {
  __internalParams?: { transaction?: unknown };
}

/**
 * Runs one operation, and runs it again whole when it met a conflict outside any transaction of the caller. Inside one,
 * interactive or batch, only the transaction as a whole can be run again.
 */
export async function retryOperation(operation: Operation, options: RetryOptions): Promise<unknown> {
  const run = () => operation.query(operation.args as never);
  if (!standsAlone(operation)) return await run();
  try {
    return await retryOnOcc(run, options, `${operation.model ?? ""}.${operation.operation}`);
  } catch (error) {
    throw asRequestError(error);
  }
}

function standsAlone(operation: Operation & InternalParams): boolean {
  const params = operation.__internalParams;
  return params !== undefined && params.transaction === undefined;
}
