import type { EnumHandling, PlanOptions } from "../plan/options.ts";
import { parseCommand, UsageError, wholeNumber } from "./command.ts";

/** The options of each command that plans. */
export const PLAN_OPTIONS = {
  "identity-cache": { type: "string" },
  enums: { type: "string" },
  recreate: { type: "boolean" },
  "no-owner": { type: "boolean" },
  "batch-rows": { type: "string" },
} as const;

export const PLAN_USAGE = `  --identity-cache <n>        CACHE of identity columns and sequences: 1, or at least 65536; the default is 65536
  --enums check|domain|refuse how to plan an enum; the default is check (text with a CHECK)
  --recreate                  where DSQL cannot change a table in place, plan a new table, a copy and a swap
  --no-owner                  omit OWNER TO, as pg_dump --no-owner does
  --batch-rows <n>            rows in each batch of a backfill, from 1 to 2999; the default is 1000
`;

interface PlanValues {
  "identity-cache"?: string | undefined;
  enums?: string | undefined;
  recreate?: boolean | undefined;
  "no-owner"?: boolean | undefined;
  "batch-rows"?: string | undefined;
}

/** The planner's options from a command line. */
export function planOptions(values: PlanValues): Omit<PlanOptions, "file"> {
  const identityCache = wholeNumber(values["identity-cache"], "identity-cache", 1);
  if (identityCache !== undefined && identityCache !== 1 && identityCache < 65_536)
    throw new UsageError(`--identity-cache must be 1 or at least 65536, not ${identityCache}.`);
  const backfillBatchRows = wholeNumber(values["batch-rows"], "batch-rows", 1);
  if (backfillBatchRows !== undefined && backfillBatchRows > 2999)
    throw new UsageError(`--batch-rows must be at most 2999, not ${backfillBatchRows}.`);
  const { enums, recreate } = values;
  if (enums !== undefined && !isEnumHandling(enums))
    throw new UsageError(`--enums must be check, domain or refuse, not "${enums}".`);
  return { identityCache, backfillBatchRows, enums, recreate, noOwner: values["no-owner"] };
}

function isEnumHandling(value: string): value is EnumHandling {
  return value === "check" || value === "domain" || value === "refuse";
}

export type Format = "text" | "json" | "github";

/** The output format from a command line. */
function formatOf(value: string | undefined): Format {
  if (value === undefined || value === "text") return "text";
  if (value === "json" || value === "github") return value;
  throw new UsageError(`--format must be text, json or github, not "${value}".`);
}

/** The arguments of `plan` and `lint`: paths, and options of the planner and of the output. */
export function parsePlanCommand(argv: readonly string[], name: "plan" | "lint") {
  const { values, positionals } = parseCommand(argv, name, {
    ...PLAN_OPTIONS,
    format: { type: "string" },
    strict: { type: "boolean" },
  });
  if (positionals.length === 0)
    throw new UsageError(`Name a file, a folder, or - for standard input: dsql-migrate ${name} <path>.`);
  return {
    paths: positionals,
    options: planOptions(values),
    format: formatOf(values.format),
    isStrict: values.strict === true,
  };
}
