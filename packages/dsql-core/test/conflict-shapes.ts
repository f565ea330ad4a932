/** Errors as the layers between DSQL and a caller shape them. */

const TEXT = {
  OC000: "change conflicts with another transaction, please retry: (OC000)",
  OC001: "schema has been updated by another transaction, please retry: (OC001)",
};

/** What pg creates from an ErrorResponse. */
export function serverError(code: string, message: string, severity = "ERROR"): Error {
  return Object.assign(new Error(message), { name: "error", code, severity });
}

export function conflict(code: "OC000" | "OC001" = "OC000"): Error {
  return serverError("40001", TEXT[code]);
}

/** Drizzle: no code of its own, and a message that quotes parameters. */
export function drizzleQueryError(cause: unknown, params = ""): Error {
  return Object.assign(new Error(`Failed query: insert\nparams: ${params}`, { cause }), { query: "insert" });
}

export function prismaDriverAdapterError(cause: object): Error {
  return Object.assign(new Error("TransactionWriteConflict", { cause }), { name: "DriverAdapterError" });
}

export function prismaKnownRequestError(code: string, meta?: object): Error {
  return Object.assign(new Error("failed"), { name: "PrismaClientKnownRequestError", code, meta });
}

export const prismaConflictCause = (code: "OC000" | "OC001" = "OC000") => ({
  kind: "TransactionWriteConflict",
  originalCode: "40001",
  originalMessage: TEXT[code],
});
