import { DsqlConfigError } from "dsql-core";

/**
 * Splits a connection string into the string without `schema`, Prisma's own parameter for the schema of its tables, and that schema.
 * @throws DsqlConfigError when the string names two schemas, or an empty one
 */
export function takeSchema(connectionString: string): { connectionString: string; schema?: string } {
  const [address = "", query, ...rest] = connectionString.split("?");
  if (query === undefined || rest.length > 0) return { connectionString };
  const parameters = query.split("&");
  const mine = parameters.filter((parameter) => /^schema(=|$)/.test(parameter));
  const [first, second] = mine;
  if (first === undefined) return { connectionString };
  if (second !== undefined)
    throw new DsqlConfigError("The connection string has the parameter schema twice.");
  const schema = decode(first.slice("schema=".length));
  if (schema === "") throw new DsqlConfigError("The connection string's parameter schema is empty.");
  const others = parameters.filter((parameter) => parameter !== first).join("&");
  return { connectionString: others === "" ? address : `${address}?${others}`, schema };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new DsqlConfigError("The connection string's parameter schema is not percent-encoded UTF-8.", {
      cause,
    });
  }
}
