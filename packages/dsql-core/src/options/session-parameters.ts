import { DsqlConfigError } from "../errors.ts";
import { didYouMean } from "./nearest-name.ts";

/**
 * The parameters that a startup packet may set (Aurora DSQL user guide, "Accessing Aurora DSQL", supported session parameters, read
 * 2026-11-21). DSQL ends a connection whose packet names another.
 */
const SUPPORTED = [
  "search_path",
  "timezone",
  "datestyle",
  "intervalstyle",
  "extra_float_digits",
  "client_encoding",
  "application_name",
  "enable_bitmapscan",
  "enable_hashjoin",
  "enable_indexonlyscan",
  "enable_indexscan",
  "enable_material",
  "enable_mergejoin",
  "enable_nestloop",
  "enable_seqscan",
  "dsql.enable_batched_nestloop",
  "disable_sync_create_index",
];

/**
 * The `options` of a startup packet, from the option of that name and from `searchPath`; undefined if there is nothing to set.
 * @throws DsqlConfigError for a form that libpq does not accept, and for a parameter that DSQL does not support
 */
export function startupOptions(given: {
  options?: string | undefined;
  searchPath?: string | readonly string[] | undefined;
}): string | undefined {
  const parameters = given.options === undefined ? new Map<string, string>() : readOptions(given.options);
  const searchPath = given.searchPath === undefined ? undefined : searchPathOf(given.searchPath);
  if (searchPath !== undefined) {
    const other = parameters.get("search_path");
    if (other !== undefined && other !== searchPath)
      throw new DsqlConfigError("searchPath contradicts the search_path in options: remove one of the two.");
    parameters.set("search_path", searchPath);
  }
  if (parameters.size === 0) return undefined;
  return [...parameters].map(([name, value]) => `-c ${name}=${escaped(value)}`).join(" ");
}

/** Reads `-c name=value`, `-cname=value` and `--name=value`, separated by spaces; a backslash escapes the next character. */
function readOptions(options: string): Map<string, string> {
  const words = [...options.matchAll(/(?:\\[\s\S]|[^\s\\])+/g)].map(([word]) =>
    word.replace(/\\([\s\S])/g, "$1"),
  );
  const parameters = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const setting = word === "-c" ? words[++at] : (/^(?:-c|--)(.+)$/s.exec(word)?.[1] as string | undefined);
    const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(setting ?? "") ?? [];
    if (name === undefined || value === undefined)
      throw new DsqlConfigError(
        'options must have the form "-c name=value", as in libpq; write a space in a value as "\\ ".',
      );
    const parameter = name.toLowerCase().replaceAll("-", "_");
    if (!SUPPORTED.includes(parameter))
      throw new DsqlConfigError(
        `DSQL does not support the session parameter ${parameter} in options.${didYouMean(parameter, SUPPORTED) || ` It supports ${SUPPORTED.join(", ")}.`}`,
      );
    parameters.set(parameter, value);
  }
  return parameters;
}

function searchPathOf(searchPath: string | readonly string[]): string {
  const isList = Array.isArray(searchPath);
  const schemas: unknown[] = isList ? [...searchPath] : [searchPath];
  if (
    schemas.length === 0 ||
    !schemas.every((schema) => typeof schema === "string" && schema.trim() !== "" && !schema.includes("\0"))
  )
    throw new DsqlConfigError(
      "searchPath must be a schema name, a comma-separated list, or an array of names.",
    );
  return isList ? (schemas as string[]).map(quoted).join(", ") : (searchPath as string);
}

/** As SQL writes an identifier; `$user` keeps its meaning in quotes. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function escaped(value: string): string {
  return value.replace(/[\s\\]/g, "\\$&");
}
