import { literal, tableName } from "../sql/quoting.ts";
import { type Token, tokenize } from "../sql/tokenizer.ts";
import { SYNC_CREATE_INDEX_PARAMETER } from "./parameters.ts";
import { type CatalogRule, catalogRule, type Rule, type RuleInfo, rule } from "./rule.ts";

/** Maximum number of key columns of an index. */
export const MAX_KEY_COLUMNS = 8;

const tooManyKeys: RuleInfo = {
  rule: "index-key-columns",
  sqlstate: "54011",
  advice: "Index the leading columns, and name the others in INCLUDE.",
  page: "quotas",
};

const usingInfo: RuleInfo = {
  rule: "index-using",
  advice: "Leave USING out: DSQL has one kind of index.",
  page: "asyncIndexes",
};

/** Rules on CREATE INDEX. */
export const indexRules: readonly Rule[] = [
  rule(
    "IndexStmt",
    { rule: "index-concurrently", advice: "Use CREATE INDEX ASYNC.", page: "asyncIndexes" },
    (s) => s.concurrent && "CONCURRENTLY not supported for CREATE INDEX",
  ),
  rule("IndexStmt", usingInfo, (_s, { statement }) => {
    const method = statement.form && accessMethod(statement.text)?.text;
    return method !== undefined && method !== "btree_index" && "USING not supported for CREATE INDEX";
  }),
  rule(
    "IndexElem",
    {
      rule: "index-sort-order",
      advice: "Leave ASC and DESC out; an index is read in both directions.",
      page: "asyncIndexes",
    },
    (elem, { parent }) =>
      parent === "IndexStmt" &&
      elem.ordering !== "SORTBY_DEFAULT" &&
      "specifying sort order not supported for index keys",
  ),
  rule(
    "IndexElem",
    { rule: "index-operator-class", advice: "Leave the operator class out.", page: "asyncIndexes" },
    (elem, { parent }) =>
      parent === "IndexStmt" && (elem.opclass?.length ?? 0) > 0 && "opclass not supported for index keys",
  ),
  rule(
    "IndexStmt",
    { rule: "index-storage", advice: "Leave WITH (…) and TABLESPACE out.", page: "asyncIndexes" },
    (s) => {
      if ((s.options?.length ?? 0) > 0) return "WITH not supported for CREATE INDEX";
      return s.tableSpace && "TABLESPACE not supported for CREATE INDEX";
    },
  ),
  rule("IndexStmt", tooManyKeys, (s) => (s.indexParams?.length ?? 0) > MAX_KEY_COLUMNS && TOO_MANY_KEYS),
];

/** DSQL's message for an index or a primary key of more than eight columns. */
export const TOO_MANY_KEYS = "more than 8 column keys in an index are not supported";

/** The word after USING, the access method; undefined if there is no USING before the list of keys. */
export function accessMethod(text: string): (Token & { usingStart: number }) | undefined {
  let before: Token | undefined;
  for (const token of tokenize(text)) {
    if (token.text === "(" && token.kind === "symbol") return undefined;
    if (before?.kind === "word" && before.text === "using") return { ...token, usingStart: before.start };
    before = token;
  }
  return undefined;
}

const mode: RuleInfo = {
  rule: "index-async",
  advice: "Use CREATE INDEX ASYNC, and CALL sys.wait_for_job with the job id that it returns.",
  page: "asyncIndexes",
};

/** Rules on CREATE INDEX that need the catalog. */
export const indexCatalogRules: readonly CatalogRule[] = [
  catalogRule(
    "IndexStmt",
    mode,
    (s, { statement }) => !statement.form && s.relation,
    async (relation, catalog) => {
      const setting = `SELECT pg_catalog.current_setting(${literal(SYNC_CREATE_INDEX_PARAMETER)}, true)`;
      const [[value] = []] = await catalog.query(setting);
      const isAllowed = value !== undefined && value !== null && /^(?:off|false|no|0)$/i.test(value);
      if (!isAllowed) return SYNCHRONOUS;
      const rows = await catalog.query(`SELECT 1 FROM ${tableName(relation)} LIMIT 1`);
      return rows.length > 0 && SYNCHRONOUS;
    },
  ),
];

const SYNCHRONOUS = "unsupported mode. please use CREATE INDEX ASYNC.";
